"""The ambiguity ledger: where the publications are silent, odd or wrong, and what we do about it.

Rows have a number within their system. The report prints those of the systems that ran beside the results; "ablation"
marks rows whose alternatives are worth a run of their own.
"""


def _row(number, paper, ours, alternatives="", ablation=False, system="kuo2016"):
    return {"system": system, "number": number, "paper": paper, "ours": ours, "alternatives": alternatives,
            "ablation": ablation}


LEDGER = [
    _row(1, "Padding of the convolutions is not stated; without any, 32 pixels shrink to 1 before the third "
            "sub-sampling (32, 28, 14, 10, 5, 1).",
         "Zeros around the image so that size is kept (padding 2)."),
    _row(2, "Kind and window of the sub-sampling are not stated.",
         "Maximum over 2x2.", "Mean over 2x2; maximum over 3x3 at stride 2 (overlapping).", True),
    _row(3, "W_SAE is 64 x 25, which is one channel; conv1 sees 3 or 5 channels, conv2 and conv3 see 64.",
         "Patches over all input channels, so that each kernel has weights of its own for each; only conv1 is "
         "pre-trained. A choice, not compared on held-out images.",
         "Gray patches, each kernel shared by the input channels in equal parts; conv2 and conv3 pre-trained, too, "
         "layer by layer.", True),
    _row(4, "How ZCA whitening and the learned weights combine is not stated.",
         "Whitening matrix and patch mean are folded into kernel and bias: the convolution equals the "
         "auto-encoder's hidden unit on the whitened patch, before its sigmoid."),
    _row(5, "The scale of the pre-trained kernels is not stated.",
         "Rescaled to the standard deviation that a fresh initialisation would have.", "As learned.", True),
    _row(6, "Optimiser, learning rate, batch size, weight decay and weight initialisation are not stated.",
         "One cycle of the rate up to 0.03 and down to 0, and decay 5e-3: chosen on held-out training images, see "
         "benchmarks/README.md. Nesterov SGD with momentum 0.9, batches of 128 and He initialisation are customary and "
         "were not compared with others."),
    _row(7, "\"Data augmentation\" adds two channels to each image and no image to the training set.",
         "As the paper has it: mirrored gray and equalised gray as fourth and fifth channel."),
    _row(8, "Whether the descriptor is taken before or after a ReLU is not stated.",
         "After the ReLU; figures for both are reported.", "Before the ReLU.", True),
    _row(9, "The gallery that queries search is not named.",
         "Both are reported: test-vs-test (each test image searches the other test images) and test-vs-train."),
    _row(10, "Eq. (5), 1 − arccos(s)/π, is 1 for equal and 0 for opposite vectors: a similarity, though it is "
             "called a distance and its minimum is sought.",
         "Distance = arccos(s)/π, the same order as 1 − s. The printed form is kept under its own name."),
    _row(11, "Definition and depth of average precision are not stated.",
         "Two figures, always named: MAP over the full ranking (non-interpolated, over all relevant images) and "
         "MAP at 30 (the depth of Figures 10 and 11, over the relevant ones among them). Ties: lower id first."),
    _row(12, "Table 1, the architecture, is missing from the printed copy.", "Figure 5 and its caption."),
    _row(13, "Table 2's last Top-3 (96.9) breaks its own column's pattern.", "Quoted as printed, and marked."),
    _row(1, "Preprocessing, regularisation, optimiser and number of iterations are not stated where we could read of "
            "it (Krizhevsky's thesis could not be obtained).",
         "Pixels / 255 less their mean over the training images; decay 0.003 on the weights; 50 iterations of L-BFGS "
         "from zero: chosen on held-out training images.", system="pixels"),
    _row(1, "The constant beside a patch's variance, and the epsilon of the whitening, are not stated.",
         "10 for pixels of 0 to 255, and 0.1: those of the authors' code.", system="coates2011"),
    _row(2, "How many patches and iterations K-means takes, how it starts, and what becomes of a centroid that is "
            "nearest to no patch, are not stated.",
         "400,000 patches and 50 iterations, from numbers of a normal distribution of standard deviation 0.1; such a "
         "centroid goes to 0: as in the authors' code.",
         system="coates2011"),
    _row(3, "Settings of the sparse auto-encoder were chosen by cross-validation and are not stated.",
         "Sparsity 0.03 with weight 5, decay 0.003, 100,000 patches, 200 iterations of L-BFGS: customary values, not "
         "compared with others.", system="coates2011"),
    _row(4, "C of the support vector machine was chosen by cross-validation and is not stated.",
         "100 times the mean over the images, features of variance 1 (0.01 is added to it), biases decay like weights: "
         "as in the authors' code. 500 iterations of L-BFGS: with the triangle, the accuracy on 5,000 held-out "
         "training images was then 0.6 points higher than after 200. For the other features, nothing was compared.",
         system="coates2011"),
    _row(5, "Retrieval is not measured.",
         "The descriptor is the projection of the standardised features onto their first 400 principal components, as "
         "long as that of Kuo, Chou and Chang (2016); with components=0 it is the features themselves.",
         system="coates2011"),
    _row(1, "What we could read is code that names the authors, and secondary sources; not the article.",
         "As in that code: filters of 5 x 5, 40 and then 8; blocks of 8 x 8, half overlapping; pyramid of 4, 2 and 1, "
         "in whose finest level the last cell has one block where the others have two.", system="pcanet"),
    _row(2, "Older code takes out the mean of a patch over all channels, newer code that of each channel.",
         "That of each channel.", system="pcanet"),
    _row(3, "How many images the filters are learnt from differs between versions: up to 5,000, or 100,000.",
         "10,000 (preset paper: all): a covariance of some million patches hardly changes with more.",
         system="pcanet"),
    _row(4, "Secondary sources say that for 77.14 % each of the 21 cells of the pyramid was reduced to 1,280 numbers "
            "by principal components.",
         "Nothing is reduced: the classifier has all 215,040 numbers, divided by their norm, C = 10 and no biases, as "
         "in the code.", system="pcanet"),
    _row(5, "How the histograms of two banks of filters are scaled against each other is not stated.",
         "One norm for all of them together.", system="pcanet"),
    _row(6, "Retrieval is not measured.",
         "The descriptor is the projection of the histograms onto their first 400 principal components, as long as "
         "that of Kuo, Chou and Chang (2016).", system="pcanet"),
    _row(1, "What we could read is code of others, secondary sources and threads; not the article.",
         "The objective and its coordinate descent as all of them have it, with similarities of −1 and 1 (one of them "
         "has 0 and 1, which gives other codes); 10 sweeps; a number that ends at 0 counts as 1.", system="cnnh"),
    _row(2, "The network is called smaller than AlexNet: three convolutions with sub-sampling, one fully connected "
            "layer.",
         "That of Kuo, Chou and Chang (2016), recipe best, 100 epochs of the 5,000 images: what differs between the "
         "two systems is what they learn. Preset paper has recipe 2016.", system="cnnh"),
    _row(3, "The loss of the codes, and its weight beside that of the classes, are not stated where we could read of "
            "it.",
         "The mean over the bits of a logistic loss, and the cross-entropy of the classes, with equal weights.",
         system="cnnh"),
    _row(4, "Public splits disagree on the gallery: 59,000 images, or 54,000 without the 5,000 learnt from. Depth and "
            "ties are not stated.",
         "Both galleries, full rankings; expectations over all orders of equal distances, with the best and the worst "
         "order beside them.", system="cnnh"),
    _row(1, "The network starts from weights learnt on ImageNet.",
         "It starts from the bundled weights of CIFAR-10 or CIFAR-100, which have seen the training images before; "
         "start=nothing trains it from a random start.", system="deep_codes"),
    _row(2, "The released settings start the layer of codes with weights of 0.005 and biases of 1.",
         "Like every other fully connected layer here, with biases of 0: a bias of 1 puts all bits on the same side.",
         system="deep_codes"),
    _row(3, "The rate and its schedule are not stated; the released settings have 50,000 steps of 32 images.",
         "One cycle up to 0.01 over 10 epochs, the augmentation of recipe best: customary values, not compared with "
         "others. Preset paper has 32 epochs.", system="deep_codes"),
    _row(4, "The published MAP is that of test images searching the training images at depth 1,000, divided by the "
            "hits found, ties in the order of the files.",
         "That protocol, with the expectation over all orders of ties; and three others.", system="deep_codes"),
    _row(1, "The thesis could not be obtained. Others quote 64.84 % with 10,000 hidden units, and 51.53 % of a network "
            "782-10,000-10 on whitened principal components that starts at random.",
         "782 components for both, of images without their brightness and contrast; 30 times the variance of a pixel "
         "is added to that of a component before it is divided by its root, which whitens the first ones and leaves "
         "the last, mostly noise, small. 4,000 hidden units on a CPU, 10,000 in the preset paper.",
         system="rbm_backprop"),
    _row(2, "Rate, momentum, decay, batch and epochs of contrastive divergence are not known to us.",
         "CD-1 in batches of 128 with momentum 0.9, 20 epochs, a cycle of the rate up to 0.002, decay 0.0001: chosen "
         "on 10,000 training images by what the machine rebuilds and its hidden means.", system="rbm_backprop"),
    _row(3, "The variance of the visible units is not known to us. Whitened data have variance 1, and a machine whose "
            "visible units have it, too, explains them without hidden units: its weights shrink.",
         "Standard deviation 0.7, that is, the components are divided by it.", system="rbm_backprop"),
    _row(4, "Whether hidden units were to be sparse is not known to us.",
         "Their means are drawn to 0.05, where they start.", system="rbm_backprop"),
    _row(5, "What else the network had beside back-propagation is not known to us. Public reproductions reach 59.8 to "
            "64.4 % with rectified units, dropout and normalised batches, 68.1 % with augmented images.",
         "Rectified units, dropout 0.5, images that are shifted by up to 2 pixels and mirrored; the machine's weights "
         "are scaled so that as much reaches a hidden unit as at a fresh start, and its biases, which belong to "
         "sigmoids, are left behind. Settings bring back each of them.", system="rbm_backprop"),
    _row(6, "Whether the training set of 50,000 images or millions of unlabelled ones were learnt from is not known to "
            "us; the abstract speaks of the latter.",
         "Labelled images only; the whitening is learnt from 20,000 of them.", system="rbm_backprop"),
    _row(7, "Retrieval is not measured.",
         "The descriptor is the projection of the hidden units' activities onto their first 400 principal components, "
         "as long as that of Kuo, Chou and Chang (2016).", system="rbm_backprop"),
    _row(1, "The report could not be obtained; its abstract has two layers, and units that see the whole image beside "
            "the convolutional ones. Sizes, numbers and sub-sampling are not known to us.",
         "64 and 128 filters of 5 x 5, each followed by the maximum over 2 x 2; 64 global units in each machine.",
         system="conv_dbn"),
    _row(2, "What the images are put through first is not known to us.",
         "Brightness and contrast of each image are taken out; then each pixel is what ZCA whitening makes of the "
         "centre of the 7 x 7 around it, learnt from 50,000 such patches, with a tenth of a pixel's variance as "
         "epsilon: a convolution, so that an image that is moved is whitened the same.", system="conv_dbn"),
    _row(3, "Units are rectified and capped at 6. Their noise is not quoted.",
         "That of Nair and Hinton (2010), of the variance of a sigmoid.", system="conv_dbn"),
    _row(4, "Rate, momentum, decay, sparsity, batch and epochs of contrastive divergence are not known to us.",
         "CD-1 in batches of 128 with momentum 0.9, 10 epochs of 10,000 images, a cycle of the rate up to 0.02 "
         "(of the second machine, less by as many times as its units see more numbers), decay 0.0001, no sparsity; "
         "statistics divided by the number of places that share them.", system="conv_dbn"),
    _row(5, "The published figure comes from 1.6 million further images, without labels.",
         "Images of CIFAR-10 only.", system="conv_dbn"),
    _row(6, "What becomes of the global units when back-propagation begins, and what else the network had against "
            "over-fitting, is not known to us.",
         "They are left behind. Dropout 0.5 before the classifier, images that are shifted by up to 3 pixels and "
         "mirrored; filters are scaled so that as much reaches a unit as at a fresh start.", system="conv_dbn"),
    _row(7, "Retrieval is not measured.",
         "The descriptor is the projection of the second layer's maps onto their first 400 principal components, as "
         "long as that of Kuo, Chou and Chang (2016).", system="conv_dbn"),
]
