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
]
