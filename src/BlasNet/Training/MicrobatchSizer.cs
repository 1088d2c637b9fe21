using BlasNet.Execution;
using BlasNet.Graphs;
using BlasNet.Rounds;

namespace BlasNet.Training;

/// <summary>What <see cref="MicrobatchSizer"/> has learned; kept in checkpoints, so that a training that goes on splits its steps as before.</summary>
/// <param name="BytesPerElement">Bytes that a microbatch took for each element of its examples' graphs.</param>
/// <param name="PassElements">Elements of the microbatch that this was measured on; much smaller ones are ignored.</param>
/// <param name="Elements">The mean of the elements of an example, the last ones counting most.</param>
/// <param name="UsefulElements">The size at which a microbatch is large enough: twice as many elements would save less than 2 % of the time.</param>
/// <param name="FixedBytes">Bytes of the last microbatch that do not grow with its elements.</param>
internal readonly record struct MicrobatchSizes(
    double BytesPerElement = 0, long PassElements = 0, double Elements = 0, double UsefulElements = 0, long FixedBytes = 0);

/// <summary>Decides how many examples go into a microbatch, so that it stays within a budget of memory: by their size, not by their number.</summary>
/// <remarks>A pure function of the examples and plans seen so far, not of any measured time: the same training splits the same way.
/// Doubling a microbatch saves half of the time that does not grow with it: 5 µs for each launch, where products run at 100 GFLOP/s.
/// Measured with a Tree-LSTM of 128 units: microbatches of 16 trees are 25 % slower than of 128, and 1024 no faster.</remarks>
internal sealed class MicrobatchSizer
{
    private const double SafeShare = 0.95;   // of the budget: a plan may be larger than the elements predict
    private const double FlopsPerLaunch = 5e-6 * 100e9, LeastGain = 0.02;
    private const int Smoothing = 64;

    /// <summary>In bytes; 0 for no limit.</summary>
    public long Budget { get; set; }

    public MicrobatchSizes Sizes { get; set; }

    /// <summary>Whether one more example fits, and makes the microbatch faster.</summary>
    /// <param name="elements">Of the microbatch so far.</param>
    public bool HasRoom(long elements)
    {
        double next = elements + Sizes.Elements;
        double perElement = Sizes.BytesPerElement > 0 ? Sizes.BytesPerElement : 16;
        return next * perElement <= SafeShare * (Budget - Sizes.FixedBytes) && (Sizes.UsefulElements == 0 || next <= Sizes.UsefulElements);
    }

    /// <summary>How many examples fit whose sizes are not known before they have been computed: as many as fit of the mean size of those before.</summary>
    /// <param name="most">At least 1.</param>
    public int FittingFor(int most)
    {
        int count = 1;
        while (count < most && Sizes.Elements > 0 && HasRoom((long)(count * Sizes.Elements)))
            count++;

        return count;
    }

    /// <summary>Takes an example's size into the mean.</summary>
    public void AddExample(long elements) =>
        Sizes = Sizes with { Elements = Sizes.Elements == 0 ? elements : Sizes.Elements + (elements - Sizes.Elements) / Smoothing };

    /// <summary>Learns from the plan of a microbatch.</summary>
    /// <param name="elements">Of its examples' graphs.</param>
    /// <param name="memory">Of its plan.</param>
    public void Add(long elements, MicrobatchMemory memory)
    {
        double useful = memory.Flops == 0 ? 0 : elements * (memory.Launches * FlopsPerLaunch / (LeastGain * memory.Flops));
        Sizes = Sizes with { UsefulElements = Math.Max(Sizes.UsefulElements, useful), FixedBytes = memory.FixedBytes };
        if (elements > 0 && 2 * elements >= Sizes.PassElements)   // 0: all that it reads is shared
            Sizes = Sizes with { BytesPerElement = (double)(memory.ArenaBytes + memory.DataBytes) / elements, PassElements = elements };
    }

    /// <summary>How many of a microbatch's examples to try next, if all of them take too much.</summary>
    /// <param name="ends">For each example, the elements of it and of those before it.</param>
    /// <param name="memory">Of the plan for all of them.</param>
    public int Fewer(ReadOnlySpan<long> ends, MicrobatchMemory memory)
    {
        double room = SafeShare * (Budget - memory.FixedBytes) / (memory.ArenaBytes + memory.DataBytes) * ends[^1];
        int count = ends.Length - 1;
        while (count > 1 && ends[count - 1] > room)
            count--;

        return count;
    }

    /// <summary>For each example that rounds have built, the elements of its values.</summary>
    public static long[] ElementsOf(ExampleFunctions rounds, int examples)
    {
        var elements = new long[examples];
        for (int part = 0; part < rounds.Parts.Count; part++)
            elements[rounds.Parts[part].Example] += ElementsOf(rounds.Graph, rounds.Parts[part].Start, rounds.EndOf(part));

        return elements;
    }

    /// <summary>Elements of the values of a range of nodes; parameters, which all examples share, do not count.</summary>
    public static long ElementsOf(Graph graph, int first, int end)
    {
        long elements = 0;
        for (int node = first; node < end; node++)
            elements += graph.IsShared(node) ? 0 : graph.LengthOf(node);

        return elements;
    }
}
