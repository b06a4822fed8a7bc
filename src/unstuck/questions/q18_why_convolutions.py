"""Why use convolutions rather than fully connected layers for images?

## Answer
Because they build in two facts about images: neighbouring pixels belong together, and a
pattern means the same wherever it is. The same small kernel is used everywhere, so
there are few weights and each is trained by every position. A stride-1 convolution is
equivariant: shift the input and the output shifts along (away from borders).
Approximate invariance comes from pooling, and stride breaks both: a net with stride 2
and global pooling, trained on centred digits, scored 0.97 there, but 0.67 and 0.73
after a 1-pixel shift and 0.91-0.95 after 2 (one seed). With digits at random positions
(3 seeds) a CNN with global pooling scored 0.84-0.92, an MLP of similar size 0.59-0.61.
Scrambling all pixels in one fixed way halved the CNN's accuracy (0.425-0.454) and left
the MLP's as it was. On centred images the CNN had no advantage. A fully connected layer
can learn positions; it just has to learn them from data.

## Popular claims
- "each kernel acts as its own feature detector": right. Sharing it over positions is
  what saves weights.
- "partially built-in translation invariance": only if pooling follows. The convolution
  itself is equivariant, and stride breaks even that.
- "fully connected layers have no relative spatial information": only if that means no
  built-in prior; they can learn position from data.
- "convolutions preserve and use spatial information": incomplete. Weight sharing, hence
  fewer parameters, is missing.

## Watch for it
Shift validation images by 1-4 pixels and count changed predictions. Odd shifts worse
than even: stride. Border padding, or labels that depend on position, mislead.

## Remedy
Global pooling, blur before downsampling, or shift augmentation. Check that fewer
predictions change and that clean accuracy is not worse.

## Sources
- LeCun et al. 1998, *Gradient-Based Learning Applied to Document Recognition*
- Goodfellow, Bengio & Courville 2016, *Deep Learning*, chapter 9
- Azulay & Weiss 2018, *Why do deep convolutional networks generalize so poorly to small
  image transformations?*
- Zhang 2019, *Making Convolutional Networks Shift-Invariant Again*
"""
