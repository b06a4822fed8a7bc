"""What is fine-tuning and how does it relate to transfer learning?

## Answer
Fine-tuning continues to train pre-trained weights on the new task. It is one way of
doing transfer learning, not its opposite; the other common way is feature extraction,
where the backbone is frozen and only a new head is trained. Some guides do contrast the
two words. On related digits fine-tuning beat frozen features (0.830 and 0.763 with 5
images per class, 0.907 and 0.761 with 20; 3 seeds), but it is sensitive to the learning
rate: 5e-2 instead of 3e-3 destroyed the features (0.232 and 0.224). Other costs are
memory, forgetting the source task and, in some published settings, worse results on
shifted data; at small scale that last cost did not show up. Frozen is not always
untouched: with requires_grad=False on every parameter, the batch-normalisation running
means still moved by 94 % in 60 steps of train mode; eval mode on the backbone stops
this.

## Popular claims
- "transfer learning keeps features frozen, fine-tuning retrains them": wrong. Transfer
  learning is the umbrella; both are ways of doing it.
- "the feature extraction part remains untouched": only if normalisation layers are in
  eval mode too; their running statistics are buffers, which requires_grad=False does
  not freeze.
- "fine-tuning makes the process flexible": right. At the price of memory, sensitivity
  to the learning rate and forgetting.

## Watch for it
Compare every parameter and buffer before and after: declared frozen but changed, or
trainable but never moved (missing in the optimiser). EMA copies change on purpose.

## Remedy
Set the frozen backbone to eval() after every model.train(). Train the head first, then
the backbone at a tenth of the rate. Check that drift is 0 and validation rises.

## Sources
- Pan & Yang 2010, *A Survey on Transfer Learning*
- Kumar et al. 2022, *Fine-Tuning can Distort Pretrained Features and Underperform
  Out-of-Distribution*
- Zhang et al., *Dive into Deep Learning*, section 14.2
"""
