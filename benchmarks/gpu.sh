#!/usr/bin/env bash
# Everything that needs a GPU, in one go: the gpu tests, the benchmarks, a training of 25 epochs. Leaves JSON in $OUT.
#
#     OUT=results bash benchmarks/gpu.sh            # needs CuPy, PyTorch with CUDA, pytest; CIFAR-10 in $SCRATCHNET_DATA
#
# A rehearsal on a machine without a GPU:
#
#     QUICK=--quick BACKENDS=numpy,torch CROSSOVER=numpy,torch bash benchmarks/gpu.sh
#
# A step that fails is named at the end and does not stop the others.
cd "$(dirname "$0")/.." || exit 1
OUT=${OUT:-gpu-results} BACKENDS=${BACKENDS:-cupy,torch} QUICK=${QUICK:-} PYTHON=${PYTHON:-python}
mkdir -p "$OUT"
failed=()

step() {
    local name=$1
    shift
    printf '\n== %s (%s s)\n' "$name" "$SECONDS"
    "$@" 2>&1 | tee "$OUT/$name.log"
    [ "${PIPESTATUS[0]}" -eq 0 ] || failed+=("$name")
}

own=${BACKENDS%%,*} sizes=128,512,4096 curve=1,4,16,64,256,1024
[ -n "$QUICK" ] && sizes=8,32 curve=1,4
step tests "$PYTHON" -m pytest -q -m gpu -p no:randomly tests
for name in training_step features layers; do
    step "$name" "$PYTHON" -m "benchmarks.$name" --backends "$BACKENDS" --batch "$sizes" $QUICK --json "$OUT/$name.json"
done
step training_step-tf32 "$PYTHON" -m benchmarks.training_step --backends "$BACKENDS" --batch "$sizes" $QUICK \
    --precision tf32 --json "$OUT/training_step-tf32.json"
for name in training_step layers; do  # the processor beside the GPU: where do the curves cross?
    step "crossover-$name" "$PYTHON" -m "benchmarks.$name" --backends "${CROSSOVER:-numpy,$own}" --batch "$curve" $QUICK \
        --json "$OUT/crossover-$name.json"
done
step autoencoder "$PYTHON" -m benchmarks.autoencoder --backends "$BACKENDS" $QUICK --json "$OUT/autoencoder.json"
step retrieval "$PYTHON" -m benchmarks.retrieval --backends "$own" $QUICK --json "$OUT/retrieval.json"
if [ -n "${SCRATCHNET_DATA:-}" ] && [ -z "$QUICK" ]; then
    step training "$PYTHON" -m scratchnet reproduce --dataset cifar10 --methods pretrain_cnn_rgb_da \
        --backend "$own" --out "$OUT/cifar10"
fi
printf '\n== done (%s s); failed: %s\n' "$SECONDS" "${failed[*]:-none}"
[ ${#failed[@]} -eq 0 ]
