using BlasNet.Graphs;
using static BlasNet.Operators.Op;

namespace BlasNet.Layers;

/// <summary>What layers over several vectors have in common.</summary>
internal static class Sequence
{
    public static void Check(ReadOnlySpan<Expr> sequence, Span<Expr> outputs)
    {
        if (sequence.Length != outputs.Length)
            throw new ArgumentException($"There are {sequence.Length} vectors, but room for {outputs.Length} outputs.", nameof(outputs));
    }

    /// <summary>The index that a step reads.</summary>
    public static int At(int step, int length, bool reverse) => reverse ? length - 1 - step : step;

    /// <summary>The sum of at least one value, by halves: a chain of n additions would take n launches one after another, this takes log₂ n.</summary>
    public static Expr Sum(ReadOnlySpan<Expr> terms) => terms.Length == 1
        ? terms[0]
        : Add(Sum(terms[..(terms.Length / 2)]), Sum(terms[(terms.Length / 2)..]));
}
