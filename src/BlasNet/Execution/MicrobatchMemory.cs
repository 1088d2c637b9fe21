using System.Numerics;
using BlasNet.Graphs;
using BlasNet.Graphs.Functions;
using BlasNet.Kernels;
using BlasNet.Planning;

namespace BlasNet.Execution;

/// <summary>The memory and the work of a microbatch, known from its plan before anything runs.</summary>
/// <param name="ArenaBytes">The values and gradients that are needed at once, and what a scan needs for a level.</param>
/// <param name="DataBytes">The examples' inputs, labels and constants.</param>
/// <param name="FixedBytes">An upper bound of what does not grow with the examples: packed weights, or this worker's share of them, and scratch memory.</param>
/// <param name="Launches">Number of kernels.</param>
/// <param name="Flops">Floating-point operations of the matrix products.</param>
/// <remarks>Without parameters, their gradient and the optimizer's state, which do not depend on the microbatch.</remarks>
internal readonly record struct MicrobatchMemory(long ArenaBytes, long DataBytes, long FixedBytes, int Launches, long Flops)
{
    public long Bytes => ArenaBytes + DataBytes + FixedBytes;

    /// <param name="plan">The microbatch's plan.</param>
    /// <param name="data">Its examples' numbers.</param>
    /// <param name="seen">Scratch: one mark for each of the model's parameters.</param>
    /// <param name="workers">Threads that run microbatches at once. Each has its own values and scratch memory; they share the packed weights.</param>
    public static MicrobatchMemory Of<T>(Plan plan, DataPools data, Span<bool> seen, int workers = 1) where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        Graph graph = plan.Graph;
        GemmPacked<T> kernels = GemmPacked<T>.Widest;
        long packed = 0, flops = 0, scan = 0;
        seen.Clear();
        foreach (int node in plan.Order)
        {
            long ofNode = FlopsOf(graph, node);
            flops += ofNode;
            if (graph.OperatorOf(node) is ScanOperator op)
                scan = Math.Max(scan, ScratchOf(plan, node, op));

            foreach (int input in ofNode == 0 ? [] : graph.InputsOf(node))
            {
                // Packed twice: for the product, and for the product with the transposed weight.
                if (graph.OperatorOf(input) != ParameterOperator.Instance || seen[ParameterOperator.IndexOf(graph.AttributeOf(input))])
                    continue;

                Shape shape = graph.ShapeOf(input);
                seen[ParameterOperator.IndexOf(graph.AttributeOf(input))] = true;
                packed += kernels.PackedLength(shape.Columns, shape.Rows) + kernels.PackedLength(shape.Rows, shape.Columns);
            }
        }

        int threads = workers > 1 ? 1 : ComputeThreads.Count;
        long fixedBytes = (packed * graph.Precision.ElementBytes() / workers) + (threads * kernels.MaximumScratchBytes);
        return new MicrobatchMemory(plan.PeakBytes + (scan * graph.Precision.ElementBytes()), data.Bytes, fixedBytes, plan.LaunchCount, flops);
    }

    // What a level overwrites, and results that nothing outside reads.
    private static long ScratchOf(Plan plan, int node, ScanOperator scan)
    {
        Graph graph = plan.Graph;
        long elements = scan.ScratchOf(new ScanList(graph.ListOf(node)));
        ResultRange results = graph.ResultsOf(node);
        for (int result = results.First; result < results.End; result++)
            elements += plan[result].Space == Space.None ? graph.LengthOf(result) : 0;

        return elements;
    }

    // Of a node's products, over the whole stack.
    private static long FlopsOf(Graph graph, int node)
    {
        if (graph.OperatorOf(node) is ScanOperator scan)
            return scan.FlopsOfVertex * graph.CountOf(node);

        long ofOne = graph.FlopsOf(node);
        if (ofOne == 0)
            return 0;

        ReadOnlySpan<int> factors = graph.InputsOf(node)[..2];
        return ofOne * Math.Max(graph.CountOf(node), Math.Max(graph.CountOf(factors[0]), graph.CountOf(factors[1])));
    }
}
