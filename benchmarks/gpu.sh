#!/usr/bin/env bash
# Everything that needs a GPU, in one go: the gpu tests, the benchmarks, a training of 25 epochs. Leaves JSON in $OUT.
#
#     OUT=results bash benchmarks/gpu.sh            # needs CuPy, PyTorch with CUDA, pytest; CIFAR-10 in $SCRATCHNET_DATA
#     QUICK=--quick BACKENDS=numpy bash benchmarks/gpu.sh     # a rehearsal on a machine without a GPU
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

step tests "$PYTHON" -m pytest -q -m gpu -p no:randomly tests
for batch in 128 512 4096; do
    [ -n "$QUICK" ] && [ "$batch" -gt 128 ] && continue
    for name in training_step features layers; do
        step "$name-$batch" "$PYTHON" -m "benchmarks.$name" --backends "$BACKENDS" --batch "$batch" $QUICK \
            --json "$OUT/gpu-$name-$batch.json"
    done
done
step cpu-step "$PYTHON" -m benchmarks.training_step --backends numpy --batch 512 $QUICK \
    --json "$OUT/gpu-cpu-step-512.json"
step retrieval "$PYTHON" -m benchmarks.retrieval --backends "${BACKENDS%%,*}" $QUICK --json "$OUT/gpu-retrieval.json"
if [ -n "${SCRATCHNET_DATA:-}" ] && [ -z "$QUICK" ]; then
    step training "$PYTHON" -m scratchnet reproduce --dataset cifar10 --methods pretrain_cnn_rgb_da \
        --backend cupy --out "$OUT/cifar10"
fi
printf '\n== done (%s s); failed: %s\n' "$SECONDS" "${failed[*]:-none}"
[ ${#failed[@]} -eq 0 ]
