import torch
import torch.nn as nn
import torch.optim as optim
from sklearn.datasets import load_digits
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(0)
BATCH_SIZE = 64
EPOCHS = 12
LR = 0.05

digits = load_digits()
images = torch.FloatTensor(digits.images).unsqueeze(1) / 16.0
labels = torch.LongTensor(digits.target)
train_loader = DataLoader(TensorDataset(images, labels), batch_size=BATCH_SIZE, shuffle=True)


class Net(nn.Module):
    def __init__(self):
        super(Net, self).__init__()
        self.conv1 = nn.Conv2d(1, 8, kernel_size=3, padding=1)
        self.conv2 = nn.Conv2d(8, 16, kernel_size=3, padding=1)
        self.fc = nn.Linear(16 * 4 * 4, 10)

    def forward(self, x):
        x = torch.relu(self.conv1(x))
        x = nn.functional.avg_pool2d(torch.relu(self.conv2(x)), 2)
        x = x.view(x.size(0), -1)
        return self.fc(x)


model = Net()
criterion = nn.CrossEntropyLoss()
optimizer = optim.SGD(model.parameters(), lr=LR)

for epoch in range(EPOCHS):
    running_loss = 0.0
    correct = 0
    for i, (inputs, targets) in enumerate(train_loader):
        outputs = model(inputs)
        loss = criterion(outputs, targets)
        loss.backward()
        optimizer.step()

        running_loss += loss.item()
        correct += (outputs.argmax(1) == targets).sum().item()
    print(
        "Epoch %d  loss: %.3f  acc: %.3f"
        % (epoch + 1, running_loss / len(train_loader), correct / len(images))
    )
