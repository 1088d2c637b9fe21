using System.Numerics;
using BlasNet.Graphs;
using BlasNet.Kernels;
using BlasNet.Planning;

namespace BlasNet.Execution;

/// <summary>What a pass takes of memory and of time, known from its plan before anything runs.</summary>
/// <param name="ArenaBytes">All values and gradients that are alive at once.</param>
/// <param name="DataBytes">The numbers that the examples bring.</param>
/// <param name="FixedBytes">What does not grow with the examples: at most so much for packed weights, or this worker's share of them, and for the kernels' scratch memory.</param>
/// <param name="Launches">Kernels to start.</param>
/// <param name="Flops">Floating-point operations of the matrix products.</param>
/// <remarks>Parameters, their gradient and the optimizer's state are not part of it: they are there whatever the pass.</remarks>
internal readonly record struct MicrobatchMemory(long ArenaBytes, long DataBytes, long FixedBytes, int Launches, long Flops)
{
    public long Bytes => ArenaBytes + DataBytes + FixedBytes;

    /// <param name="plan">Of the pass.</param>
    /// <param name="data">Its examples' numbers.</param>
    /// <param name="seen">Room for a mark for each of the model's parameters.</param>
    /// <param name="workers">How many threads run passes at once: each has values and scratch memory of its own, the packed weights are everybody's.</param>
    public static MicrobatchMemory Of<T>(Plan plan, DataPools data, Span<bool> seen, int workers = 1) where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        Graph graph = plan.Graph;
        GemmPacked<T> kernels = GemmPacked<T>.Widest;
        long packed = 0, flops = 0;
        seen.Clear();
        foreach (int node in plan.Order)
        {
            long ofOne = graph.FlopsOf(node);
            if (ofOne == 0)
                continue;

            ReadOnlySpan<int> factors = graph.InputsOf(node)[..2];
            flops += ofOne * Math.Max(graph.CountOf(node), Math.Max(graph.CountOf(factors[0]), graph.CountOf(factors[1])));
            foreach (int input in factors)
            {
                // For the product, and for the one with the transposed weight.
                if (graph.OperatorOf(input) != ParameterOperator.Instance || seen[ParameterOperator.IndexOf(graph.AttributeOf(input))])
                    continue;

                Shape shape = graph.ShapeOf(input);
                seen[ParameterOperator.IndexOf(graph.AttributeOf(input))] = true;
                packed += kernels.PackedLength(shape.Columns, shape.Rows) + kernels.PackedLength(shape.Rows, shape.Columns);
            }
        }

        int threads = workers > 1 ? 1 : ComputeThreads.Count;
        long fixedBytes = (packed * graph.Precision.ElementBytes() / workers) + (threads * kernels.MaximumScratchBytes);
        return new MicrobatchMemory(plan.PeakBytes, data.Bytes, fixedBytes, plan.StepCount, flops);
    }
}
