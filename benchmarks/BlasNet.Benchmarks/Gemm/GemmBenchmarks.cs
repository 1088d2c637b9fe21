using BenchmarkDotNet.Attributes;
using BlasNet.Diagnostics;
using BlasNet.Kernels;
using BlasNet.Memory;

namespace BlasNet.Benchmarks.Gemm;

/// <summary>The three products of training with Size × Size weights, float32. Unit: time per product of 2·Batch·Size² FLOP.</summary>
/// <remarks>The GFLOP/s of the whole grid, one line a shape, come faster from <c>blasnet bench gemm --json</c>.</remarks>
public abstract unsafe class GemmBenchmarks : IDisposable
{
    private readonly NativeBuffer<float> _x = new();
    private readonly NativeBuffer<float> _b = new();
    private readonly NativeBuffer<float> _y = new();
    private readonly PackedWeights<float> _packed = new();

    [ParamsSource(nameof(Sizes))]
    public int Size { get; set; }

    [ParamsSource(nameof(Batches))]
    public int Batch { get; set; }

    [Params(1, 2)]
    public int Threads { get; set; }

    public static IEnumerable<int> Sizes => GemmGrid.Sizes;

    public static IEnumerable<int> Batches => GemmGrid.Batches;

    private protected Matrix<float> X => new(_x.Pointer, Batch, Size);

    private protected Matrix<float> B => new(_b.Pointer, Size, Size);

    private protected Matrix<float> Y => new(_y.Pointer, Batch, Size);

    private protected PackedWeights<float> PackedB => _packed;

    [GlobalSetup]
    public void SetUp()
    {
        Random random = new(1);

        foreach (NativeBuffer<float> buffer in new[] { _x, _b, _y })
        {
            buffer.EnsureCapacity((long)Size * (buffer == _b ? Size : Batch));

            foreach (ref float value in buffer.Span)
                value = random.NextSingle() - 0.5f;
        }

        ComputeSettings.OfProcess = ComputeSettings.OfProcess with { Threads = Threads };
    }

    [GlobalCleanup]
    public void Dispose()
    {
        GC.SuppressFinalize(this);
        _x.Dispose();
        _b.Dispose();
        _y.Dispose();
        _packed.Dispose();
    }

    [Benchmark]
    public void OpenBlas() => Run(GemmKernels.OpenBlas);

    [Benchmark]
    public void Packed() => Run(GemmKernels.Packed);

    [Benchmark]
    public void Chosen() => Run(GemmKernels.Auto);

    private protected abstract void Multiply();

    private void Run(GemmKernels mode)
    {
        ComputeSettings.OfProcess = ComputeSettings.OfProcess with { Kernels = mode };
        Multiply();
    }
}

/// <summary>Y = X·B, weights packed once; the baseline is one GEMV for each example.</summary>
public unsafe class ForwardBenchmarks : GemmBenchmarks
{
    [Benchmark(Baseline = true)]
    public void GemvTimesBatch()
    {
        ComputeSettings.OfProcess = ComputeSettings.OfProcess with { Kernels = GemmKernels.OpenBlas };

        for (int example = 0; example < Batch; example++)
            Kernels.Gemm.Multiply(X.RowRange(example, 1), B, Y.RowRange(example, 1));
    }

    private protected override void Multiply() => Kernels.Gemm.Multiply(X, B, Y, packed: PackedB);
}

/// <summary>dX = dY·Bᵀ, weights packed once.</summary>
public unsafe class InputGradientBenchmarks : GemmBenchmarks
{
    private protected override void Multiply() => Kernels.Gemm.MultiplyTransposed(Y, B, X, packed: PackedB);
}

/// <summary>dB = Xᵀ·dY: the batch is the inner dimension.</summary>
public unsafe class WeightGradientBenchmarks : GemmBenchmarks
{
    private protected override void Multiply() => Kernels.Gemm.OuterProductSum(X, Y, B);
}
