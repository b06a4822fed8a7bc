"""How do you train on 10 GB of data with 4 GB of RAM?

## Answer
Keep the data on disk and read one batch at a time. For arrays: save an uncompressed
.npy file once and open it with np.load(path, mmap_mode="r") or np.memmap; each batch
then reads only its own pages. For other formats stream: IterableDataset, Arrow, HDF5,
Zarr, WebDataset, tf.data. A plain np.load reads the whole file, whatever the batch
size. On a 75 MB file, private memory (RssAnon on Linux) grew by 78 MB with np.load and
by 3 MB with a map; the trained weights agreed to 12 digits. Easy ways to lose the gain:
np.array(m) copies everything (+78 MB); m.astype(float32) too (+302 MB), though the
result still calls itself a memmap; for .npz files mmap_mode is silently ignored (+79
MB). Random access to a map is slow on cold pages, so shuffle blocks and then a buffer.
The model, its activations and the optimiser state need memory as well.

## Popular claims
- "load it into a NumPy array with a small batch size": wrong. Loading reads everything;
  the batch size does not change that.
- "NumPy maps the data instead of loading it": only if you ask for it: np.memmap,
  mmap_mode or open_memmap.
- "NumPy has tools for compressing large datasets": wrong. As a way out: a compressed
  .npz cannot be mapped, and mmap_mode is silently ignored for it.

## Watch for it
Private memory (RssAnon) growing by about the file size. Plain RSS misleads: it counts
mapped pages too. Also an .npz opened with mmap_mode, or astype on a whole map.

## Remedy
Convert once to .npy and map it, cast per batch, shuffle in blocks. Check that private
memory falls, batches are bitwise equal and speed at least half as high.

## Sources
- NumPy reference, *numpy.memmap*
- NumPy issues 5976 and 28795 (mmap_mode ignored for .npz files)
"""
