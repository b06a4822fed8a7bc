"""Which data structures does deep learning use?

## Answer
Chiefly two: the tensor (a strided array; a matrix is one of rank 2) and the
computational graph recorded for automatic differentiation. Tensors matter for cost: a
number takes 4 bytes in a float32 tensor and 32 in a Python list, and a dot product of
300,000 numbers was about 1900 times faster. Transposes and slices are views that share
storage; contiguous() copies if needed. The graph grows linearly with depth, keeps
tensors for the backward pass and frees them afterwards, so a second backward raises an
error. Also used: sparse formats (a 5000 x 5000 matrix with 20,000 entries took 0.28 MB
in CSR, 100 MB dense), ragged tensors, hash maps (state_dict, vocabularies), queues
(prefetching), heaps (beam search), trees of tensors, key-value caches. Data frames and
lists belong around training, not inside the computation.

## Popular claims
- "computational graphs, tensors, matrices": right. A matrix is a tensor of rank 2.
- "data frames": only if used around training; they are not differentiable, and mixed
  types cannot become a tensor.
- "lists": only if used as containers (ModuleList, examples to collate), not for the
  numbers.
- "the five named are the list": incomplete. Sparse and ragged formats, hash maps,
  queues, heaps, trees and caches are missing.

## Watch for it
Memory that grows every step because losses are stored with their graph (they have a
grad_fn). Or parameters() is too short because submodules sit in a plain list.

## Remedy
Store loss.item() or loss.detach(), use ModuleList, build tensors once. Memory then
stays level from step to step, and the parameter count is complete.

## Sources
- Baydin et al. 2018, *Automatic Differentiation in Machine Learning: a Survey*
- Paszke et al. 2019, *PyTorch: An Imperative Style, High-Performance Deep Learning
  Library*
"""
