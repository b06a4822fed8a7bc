"""Is there a difference between neural networks and deep learning?

## Answer
Yes. Deep learning means learning many layers of representation; it is one way to use
neural networks, and a network with one hidden layer is not deep. Depth differs in kind
in two ways. Expressivity: 2k ReLU units arranged in depth can draw a sawtooth with 2^k
linear pieces (64 at k = 6); one hidden layer needs 2^k - 1 units for that.
Trainability: gradients can vanish through many layers, so depth needed new methods and
not only faster machines. On the same hardware (digits, 20 epochs, 2 seeds) a sigmoid
net with 1990s initialisation reached 0.92 with one hidden layer but 0.075, chance, with
eight: the first layer's gradient was 8e-7 of the last one's. ReLU with He
initialisation at depth eight reached 0.947, sigmoid with batch normalisation 0.955.
Depth did not beat one ReLU layer here (0.966): easy data cannot show its benefit.

## Popular claims
- "there is no significant difference": wrong. Deep nets are a subset, and depth changes
  what can be expressed cheaply and how hard training is.
- "just a slightly more complex architecture than in the 1990s": wrong. The old recipe
  at eight layers does not train at all here.
- "hardware has made it feasible": incomplete. Initialisation, ReLU, normalisation,
  residual connections and data were needed too.

## Watch for it
First-layer gradient norm over last-layer norm at the start: below 1e-4 vanishing, above
1e4 exploding (rough). Frozen layers and zero-init residuals give false alarms.

## Remedy
Use ReLU with He initialisation, and add normalisation or residual connections. Check
that the ratio is within 1e-2 to 1e2 and that the loss moves in the first epoch.

## Sources
- LeCun, Bengio & Hinton 2015, *Deep Learning* (Nature)
- Glorot & Bengio 2010, *Understanding the difficulty of training deep feedforward
  neural networks*
- Nair & Hinton 2010, *Rectified Linear Units Improve Restricted Boltzmann Machines*
- Montufar et al. 2014, *On the Number of Linear Regions of Deep Neural Networks*
- He et al. 2015, *Delving Deep into Rectifiers*
- Telgarsky 2016, *Benefits of depth in neural networks*
"""
