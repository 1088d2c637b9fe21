using BlasNet.Execution;
using BlasNet.Graphs;

namespace BlasNet.Training;

/// <summary>What <see cref="MicrobatchSizer"/> has learned; kept in checkpoints, so that a training that goes on splits its steps as before.</summary>
/// <param name="BytesPerElement">How many a pass took for an element of its examples' graphs.</param>
/// <param name="PassElements">The elements of the pass that told so; much smaller ones tell nothing about large ones.</param>
/// <param name="Elements">The mean of the elements of an example, the last ones counting most.</param>
/// <param name="UsefulElements">Where a pass is large enough: twice as many elements would save less than 2 % of the time.</param>
/// <param name="FixedBytes">What the last pass took besides.</param>
internal readonly record struct MicrobatchSizes(double BytesPerElement = 0, long PassElements = 0, double Elements = 0, double UsefulElements = 0, long FixedBytes = 0);

/// <summary>Decides how many examples go into a pass, so that it stays within a budget of memory: by their size, not by their number.</summary>
/// <remarks>A pure function of the examples and plans seen so far, not of any measured time: the same training splits the same way.
/// Doubling a pass saves half of what does not grow with it. That is, for each launch, taken as 5 µs, against products at 100 GFLOP/s.
/// Measured with a Tree-LSTM of 128 units: 16 trees a pass 25 % slower than 128, 1024 no faster.</remarks>
internal sealed class MicrobatchSizer
{
    private const double SafeShare = 0.95;   // of the budget: the plan of a pass need not be as large as its elements foretell
    private const double FlopsPerLaunch = 5e-6 * 100e9, LeastGain = 0.02;
    private const int Smoothing = 64;

    /// <summary>In bytes; 0 for no limit.</summary>
    public long Budget { get; set; }

    public MicrobatchSizes Sizes { get; set; }

    /// <summary>Whether a pass has room, and use, for one more example.</summary>
    /// <param name="elements">Of the pass so far.</param>
    public bool HasRoom(long elements)
    {
        double next = elements + Sizes.Elements;
        double perElement = Sizes.BytesPerElement > 0 ? Sizes.BytesPerElement : 16;
        return next * perElement <= SafeShare * (Budget - Sizes.FixedBytes) && (Sizes.UsefulElements == 0 || next <= Sizes.UsefulElements);
    }

    /// <summary>Takes an example's size into the mean.</summary>
    public void AddExample(long elements) =>
        Sizes = Sizes with { Elements = Sizes.Elements == 0 ? elements : Sizes.Elements + (elements - Sizes.Elements) / Smoothing };

    /// <summary>Learns from the plan of a pass.</summary>
    /// <param name="elements">Of its examples' graphs.</param>
    /// <param name="pass">What it takes.</param>
    public void AddPass(long elements, MicrobatchMemory pass)
    {
        double useful = pass.Flops == 0 ? 0 : elements * (pass.Launches * FlopsPerLaunch / (LeastGain * pass.Flops));
        Sizes = Sizes with { UsefulElements = Math.Max(Sizes.UsefulElements, useful), FixedBytes = pass.FixedBytes };
        if (2 * elements >= Sizes.PassElements)
            Sizes = Sizes with { BytesPerElement = (double)(pass.ArenaBytes + pass.DataBytes) / elements, PassElements = elements };
    }

    /// <summary>How many of a pass's examples to try again with, after all of them took too much.</summary>
    /// <param name="ends">For each example, the elements of it and of those before it.</param>
    /// <param name="pass">What all of them take.</param>
    public int Fewer(ReadOnlySpan<long> ends, MicrobatchMemory pass)
    {
        double room = SafeShare * (Budget - pass.FixedBytes) / (pass.ArenaBytes + pass.DataBytes) * ends[^1];
        int count = ends.Length - 1;
        while (count > 1 && ends[count - 1] > room)
            count--;

        return count;
    }

    /// <summary>Elements of the values of a range of nodes; parameters, which all examples share, do not count.</summary>
    public static long ElementsOf(Graph graph, int first)
    {
        long elements = 0;
        for (int node = first; node < graph.Count; node++)
            elements += graph.IsShared(node) ? 0 : graph.LengthOf(node);

        return elements;
    }
}
