using BlasNet.Kernels;

namespace BlasNet;

/// <summary>How values and gradients are computed: threads, kernels, batching, plans kept, checks. None changes a result but for
/// rounding.</summary>
/// <remarks>
/// <see cref="Training.Trainer{TExample}"/>, <see cref="Training.Evaluator{TExample}"/>, <see cref="Training.GradientNorms{TExample}"/> and
/// <see cref="Training.ComputePlan"/> take them, and a <see cref="Serving.BatchingEvaluator{TExample, TResult}"/> computes by those of its
/// evaluator. Several objects of one process may have different ones. Which OpenBLAS is loaded (BLASNET_OPENBLAS, OPENBLAS_CORETYPE) and
/// where measured speeds are kept (<see cref="CalibrationCache"/>) is a matter of the process.
/// </remarks>
/// <example><code>
/// var trainer = new Trainer&lt;Digit&gt;(model, loss, new Adam(), new ComputeOptions { Threads = 4, Kernels = GemmKernels.Packed });
/// </code></example>
public sealed partial record ComputeOptions
{
    /// <summary>Threads for one matrix product or large sweep, the calling one included. At first OPENBLAS_NUM_THREADS if that is set, up
    /// to the number of processors, else 1.</summary>
    /// <remarks>The same number gives the same results, bit for bit. Where a trainer or an evaluator has several workers, products are not
    /// divided any further.</remarks>
    /// <exception cref="ArgumentOutOfRangeException">It is below 1 or above 256.</exception>
    public int Threads
    {
        get;
        init => field = ParallelParts.Checked(value);
    } = ComputeSettings.Current.Threads;

    /// <summary>Which kernels compute matrix products; at first whichever is faster for the shape.</summary>
    /// <exception cref="ArgumentOutOfRangeException">It is none of <see cref="GemmKernels"/>.</exception>
    /// <exception cref="DllNotFoundException">OpenBLAS alone is asked for, and there is none; the message says where it was looked
    /// for.</exception>
    public GemmKernels Kernels
    {
        get;
        init
        {
            if (!Enum.IsDefined(value))
                throw new ArgumentOutOfRangeException(nameof(Kernels), value, "Kernels are Auto, OpenBlas or Packed.");

            Gemm.Require(value);
            field = value;
        }
    } = ComputeSettings.Current.Kernels;

    /// <summary>Merge the examples' nodes into stacks, the default; if not, every example is computed separately.</summary>
    public bool Batching { get; init; } = true;

    /// <summary>How many plans are kept for minibatch graphs of a structure seen before; 0 for none. The plan of a large graph is kept only
    /// the second time its structure is seen.</summary>
    /// <exception cref="ArgumentOutOfRangeException">It is negative.</exception>
    public int CachedPlans
    {
        get;
        init
        {
            ArgumentOutOfRangeException.ThrowIfNegative(value);
            field = value;
        }
    } = 8;

    /// <summary>Check every graph and plan before it is computed; takes longer than most steps. What it finds is a fault of BlasNet, an
    /// <see cref="InvalidOperationException"/> that names the node and the rule.</summary>
    public bool Verify { get; init; }
}
