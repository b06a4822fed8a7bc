"""Folders of images: what is read, and what is refused with which words."""

import os
import time
import tracemalloc
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from unstuck.errors import BadData
from unstuck.fit.encoders import encoder_of
from unstuck.fit.fitting import prepared
from unstuck.fit.readers import Wish, read

from ..pictures import BLUE, bytes_of, content, folder, halves, picture, png_of, saved


def whole(root, wish=Wish()):
    """All that is done before a training begins."""
    return prepared(read(root, wish))


def table(text, names=("a.png", "b.png", "c.png"), encoding="utf-8"):
    def make(root):
        for name in names:
            saved(root / name)
        (root / "labels.csv").write_bytes(text.encode(encoding))

    return make


def beside(name, made):
    """A folder with something wrong in a class that has good images too."""

    def make(root):
        folder(root, each=10)
        if isinstance(made, bytes):
            bytes_of(root / name, made)
        else:
            made(root / name)

    return make


def loop(path):
    path.parent.mkdir(exist_ok=True)
    path.symlink_to(path.parent.parent)


def one(root):
    return folder(root, ("cat",), each=12)


GIF = content(picture(), "GIF")
JPEG = content(halves(size=(160, 80)), "JPEG")
TIFF = content(picture(), "TIFF", compression="tiff_lzw")
FLOATS = content(Image.fromarray(np.full((4, 4), np.nan, np.float32)), "TIFF")
INFINITE = content(Image.fromarray(np.full((4, 4), np.inf, np.float32)), "TIFF")

BAD = {
    "zero bytes": (beside("cat/x.png", b""), "cat/x.png: the file is empty"),
    "text": (beside("cat/x.jpg", b"<html>not found</html>"), "cat/x.jpg: this is no image"),
    "truncated JPEG": (beside("cat/x.jpg", JPEG[:-200]), "cat/x.jpg: image file is truncated"),
    "truncated PNG": (
        beside("dog/x.png", content(halves(size=(90, 90)), "PNG")[:-60]), "dog/x.png: ",
    ),
    "truncated GIF": (beside("cat/x.gif", GIF[:-30]), "cat/x.gif: "),
    "truncated TIFF": (beside("cat/x.tif", TIFF[:40]), "cat/x.tif: "),
    "half a header": (beside("cat/x.png", content(picture(), "PNG")[:20]), "cat/x.png: "),
    "broken checksum": (
        beside("cat/x.png", content(picture(), "PNG").replace(b"IDAT", b"IDOT")), "cat/x.png: ",
    ),
    "PostScript": (beside("cat/x.png", b"%!PS-Adobe-3.0 EPSF-3.0\n"), "cat/x.png: this is no image"),
    "SVG": (beside("cat/x.png", b"<svg xmlns='http://www.w3.org/2000/svg'/>"), "this is no image"),
    "NaN in a TIFF": (beside("cat/x.tif", FLOATS), "cat/x.tif: a pixel is NaN or infinite"),
    "infinity in a TIFF": (beside("cat/x.tif", INFINITE), "a pixel is NaN or infinite"),
    "link to nothing": (
        beside("cat/x.png", lambda path: path.symlink_to("gone.png")),
        "cat/x.png: the link leads nowhere",
    ),
    "link to itself": (
        beside("cat/x.png", lambda path: path.symlink_to("x.png")), "x.png: the link leads nowhere",
    ),
    "pipe": (beside("cat/x.png", os.mkfifo), "cat/x.png: this is no file"),
    "loop of links": (beside("cat/again", loop), "again leads back to a folder above it"),
    "empty class": (beside("mouse", Path.mkdir), "mouse: the class has no image"),
    "class of texts": (beside("mouse/a.txt", b"?"), "mouse: the class has no image"),
    "one class": (one, "all 12 examples are of one class, 'cat'"),
    "too few": (folder, "4 examples are too few"),
    "nothing": (lambda root: None, "there is no image in it"),
    "only texts": (lambda root: bytes_of(root / "cat/a.txt", b"?"), "there is no image in it"),
    "loose image": (beside("x.png", saved), "x.png: in no class's folder"),
    "no labels": (lambda root: saved(root / "a.png"), "1 images without labels"),
    "parts": (
        lambda root: [folder(root / part) for part in ("train", "Test")],
        "Test, train are parts of a data set, not classes",
    ),
    "missing file": (
        table("file,label\na.png,x\nz.png,y\n"), "labels.csv, line 3: there is no image 'z.png' in",
    ),
    "missing files": (table("file,label\ny.png,x\nz.png,y\n"), ", nor 1 others"),
    "outside": (table("file,label\n../a.png,x\n"), "line 2: there is no image '../a.png'"),
    "absolute": (table("file,label\n/etc/a.png,x\n"), "line 2: there is no image '/etc/a.png'"),
    "named twice": (
        table("file,label\na.png,x\nb.png,y\na.png,y\n"),
        "line 4: a.png is named twice, first in line 2",
    ),
    "no label": (table("file,label\na.png,x\nb.png,\n"), "labels.csv, line 3: label is empty"),
    "ragged": (table("file,label\na.png,x,y\n"), "line 2: 3 cells, but the header has 2"),
    "short row": (table("file,label\na.png\n"), "line 2: 1 cells, but the header has 2"),
    "header only": (table("file,label\n"), "labels.csv: there are no rows"),
    "empty table": (table(""), "labels.csv: there are no rows"),
    "one column": (table("file\na.png\n"), "labels.csv: one column"),
    "latin-1": (table("file,label\na.png,h\xe4\n", encoding="latin-1"), "line 2: no text in UTF-8"),
    "which column": (
        table("file,kind,size\na.png,x,1\n"), "which column is the target? kind, size",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", BAD)
def test_what_is_bad_is_refused_in_one_line_with_its_place(tmp_path, name):
    make, message = BAD[name]
    root = tmp_path / "data"
    root.mkdir()
    make(root)
    with pytest.raises(BadData) as refused:
        whole(root)
    assert message in refused.value.message
    assert "\n" not in refused.value.message
    assert refused.value.hint


def tiff_of(width, height):
    found = content(picture(size=(3, 3)), "TIFF")
    for tag, value in ((b"\x00\x01", width), (b"\x01\x01", height)):
        place = found.index(tag + b"\x04\x00") if tag + b"\x04\x00" in found else found.index(tag)
        kind = b"\x04\x00\x01\x00\x00\x00" + value.to_bytes(4, "little")
        found = found[: place + 2] + kind + found[place + 12 :]
    return found


def sized(found, offset, width, height, size=2):
    """A file whose header claims another size."""
    sizes = b"".join(each.to_bytes(size, "little") for each in (width, height))
    return found[:offset] + sizes + found[offset + len(sizes) :]


TEXT = (b"zTXt", b"k\0\0" + __import__("zlib").compress(b"\0" * 10**8))
BOMBS = {
    "x.png": png_of(50_000, 50_000),
    "above.png": png_of(10_000, 10_000),
    "text.png": png_of(4, 4, TEXT),
    "x.gif": sized(GIF, 6, 60_000, 60_000),
    "x.bmp": sized(content(picture(), "BMP"), 18, 50_000, 50_000, 4),
    "x.tif": tiff_of(50_000, 50_000),
    "x.ppm": b"P6\n50000 50000\n255\n",
    "x.pbm": b"P4\n100000 100000\n",
}


@pytest.mark.parametrize("name", BOMBS)
def test_a_bomb_is_refused_before_it_expands(tmp_path, name):
    folder(tmp_path, each=10)
    bytes_of(tmp_path / "cat" / name, BOMBS[name])
    begun = time.perf_counter()
    tracemalloc.start()
    with pytest.raises(BadData, match=name):
        read(tmp_path, Wish())
    assert tracemalloc.get_traced_memory()[1] < 50e6
    tracemalloc.stop()
    assert time.perf_counter() - begun < 1


def test_folders_are_classes_and_files_stand_sorted(tmp_path):
    found = read(folder(tmp_path), Wish())
    assert [found.place(row) for row in range(4)] == [
        "cat/0.png", "cat/1.png", "dog/0.png", "dog/1.png",
    ]  # fmt: skip
    assert found.targets.tolist() == ["cat", "cat", "dog", "dog"]
    assert found.target_names == ("class",)


def test_a_path_given_as_text_is_a_folder(tmp_path):
    assert len(read(str(folder(tmp_path)), Wish())) == 4


def test_images_deep_in_a_class_belong_to_it(tmp_path):
    folder(tmp_path)
    saved(tmp_path / "cat" / "old" / "grey" / "x.png")
    assert read(tmp_path, Wish()).targets.tolist().count("cat") == 3


def test_a_linked_class_is_read(tmp_path):
    folder(tmp_path / "here")
    folder(tmp_path / "there", ("mouse",))
    (tmp_path / "here" / "mouse").symlink_to(tmp_path / "there" / "mouse")
    assert set(read(tmp_path / "here", Wish()).targets) == {"cat", "dog", "mouse"}


def test_what_is_no_image_is_left_out_and_said(tmp_path):
    folder(tmp_path)
    for name in ("notes.txt", "cat/Thumbs.db", ".DS_Store", ".git/x.png", "__MACOSX/y.png"):
        bytes_of(tmp_path / name, b"?")
    found = read(tmp_path, Wish())
    assert len(found) == 4
    assert found.notes == ("left out, as no images: cat/Thumbs.db, notes.txt",)


def test_many_that_are_left_out_fill_one_line(tmp_path):
    folder(tmp_path)
    for number in range(9):
        bytes_of(tmp_path / f"{number}.txt", b"?")
    [note] = read(tmp_path, Wish()).notes
    assert note.endswith("0.txt, 1.txt, 2.txt and 6 others")


def test_an_animation_is_its_first_frame_and_that_is_said(tmp_path):
    folder(tmp_path)
    frames = [picture(), picture(BLUE)]
    saved(tmp_path / "cat" / "x.gif", frames[0], save_all=True, append_images=frames[1:])
    found = read(tmp_path, Wish())
    assert found.notes == ("cat/x.gif: more than one frame, the first is taken",)
    pixels = encoder_of(found.inputs, np.arange(5)).decoded(found.inputs).values
    assert pixels[2].mean((1, 2)).tolist() == pixels[0].mean((1, 2)).tolist()


def test_the_ending_of_a_name_need_not_tell_the_truth(tmp_path):
    folder(tmp_path)
    bytes_of(tmp_path / "cat" / "x.png", JPEG)
    assert len(read(tmp_path, Wish())) == 5


def test_endings_in_capitals_count(tmp_path):
    folder(tmp_path)
    bytes_of(tmp_path / "cat" / "X.JPG", JPEG)
    assert len(read(tmp_path, Wish())) == 5


@pytest.mark.parametrize(
    "text",
    [
        "file,label\na.png,x\nb.png,y\nc.png,x\n",
        "\ufefffile;label\r\na.png;x\r\nb.png;y\r\nc.png;x\r\n",
        "label\tFileName\nx\ta.png\ny\tb.png\nx\tc.png\n",
        "picture,label\na,x\nb,y\nc,x\n",
        'file,label\n./a.png,x\n"b.png",y\n\nc.png, x\n',
    ],
)
def test_a_table_names_the_labels(tmp_path, text):
    table(text)(tmp_path)
    found = read(tmp_path, Wish())
    assert found.targets.tolist() == ["x", "y", "x"]
    assert [found.place(row) for row in range(3)] == ["a.png", "b.png", "c.png"]


def test_rows_stand_as_in_the_table_and_unnamed_files_are_said(tmp_path):
    table("file,label\nc.png,x\na.png,y\n")(tmp_path)
    found = read(tmp_path, Wish())
    assert [found.place(row) for row in range(2)] == ["c.png", "a.png"]
    assert found.notes == ("left out, as without a label: b.png",)


def test_a_table_may_lie_elsewhere_and_name_files_in_folders(tmp_path):
    folder(tmp_path / "data")
    names = tmp_path / "names.csv"
    names.write_text("file,label\ndog/1.png,1.5\ncat\\0.png,2\n")
    found = read(tmp_path / "data", Wish(labels=names))
    assert found.targets.tolist() == [1.5, 2.0]


def test_labels_that_look_like_numbers_but_are_codes_stay_names(tmp_path):
    table("file,label\na.png,007\nb.png,7\nc.png,12\n")(tmp_path)
    assert read(tmp_path, Wish()).targets.tolist() == ["007", "7", "12"]


def test_several_labels_in_a_cell_are_a_set_that_may_be_empty(tmp_path):
    table("file,label\na.png,cat|dog\nb.png,\nc.png,dog\n")(tmp_path)
    assert read(tmp_path, Wish()).targets.tolist() == [("cat", "dog"), (), ("dog",)]


def test_columns_of_zero_and_one_are_labels(tmp_path):
    table("file,cat,dog\na.png,1,1\nb.png,0,0\nc.png,0,1\n")(tmp_path)
    found = read(tmp_path, Wish())
    assert found.targets.tolist() == [[1, 1], [0, 0], [0, 1]]
    assert found.target_names == ("cat", "dog")


def test_the_target_can_be_named(tmp_path):
    table("file,kind,size\na.png,x,1\nb.png,y,2\nc.png,x,4\n")(tmp_path)
    assert read(tmp_path, Wish(("size",))).targets.tolist() == [1, 2, 4]
    with pytest.raises(BadData, match="there is no column weight"):
        read(tmp_path, Wish(("weight",)))


def test_a_folder_without_labels_can_be_predicted_for(tmp_path):
    for name in ("b.png", "a.png", "more/c.png"):
        saved(tmp_path / name)
    found = read(tmp_path, Wish(predicting=True))
    assert found.targets is None
    assert [found.place(row) for row in range(3)] == ["a.png", "b.png", "more/c.png"]


def test_a_single_image_can_be_predicted_for(tmp_path):
    found = read(saved(tmp_path / "x.png"), Wish(predicting=True))
    assert (len(found), found.place(0)) == (1, "x.png")


def test_a_single_image_cannot_be_trained_on(tmp_path):
    with pytest.raises(BadData, match=r"x.png: one image"):
        read(saved(tmp_path / "x.png"), Wish())


def test_targets_beside_a_folder_are_refused(tmp_path):
    with pytest.raises(BadData, match="has its labels in itself"):
        read(folder(tmp_path), Wish(), [0, 1, 0, 1])


def test_a_folder_that_cannot_be_read_is_said(tmp_path, monkeypatch):
    def refuse(path):
        raise PermissionError(13, "Permission denied")

    folder(tmp_path)
    monkeypatch.setattr(Path, "iterdir", refuse)
    with pytest.raises(BadData, match=r"cannot read .*: Permission denied"):
        read(tmp_path, Wish())


def test_an_image_on_both_sides_of_the_split_is_said(tmp_path):
    folder(tmp_path, each=20)  # all alike
    assert any("also among those trained on" in note for note in whole(tmp_path).notes)
