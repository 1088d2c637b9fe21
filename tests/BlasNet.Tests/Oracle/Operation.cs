using BlasNet.Graphs;

namespace BlasNet.Tests.Oracle;

/// <summary>One operation of a random program: how it is written with BlasNet's public functions, and what it means.</summary>
/// <param name="Name">For reports.</param>
/// <param name="Choose">Picks operands among an example's values; null where none fit.</param>
/// <param name="Build">The expression.</param>
/// <param name="Define">The definition.</param>
internal sealed record Operation(
    string Name, Func<Draft, Step?> Choose, Func<Graph, Expr[], Step, Expr> Build, Func<OracleContext, Number[][,], Step, Number[,]> Define)
{
    /// <summary>Takes one more random draw of its example.</summary>
    public bool IsRandom { get; init; }

    public override string ToString() => Name;
}

/// <summary>What an operation's meaning depends on besides its operands.</summary>
internal readonly record struct OracleContext(Tape Tape, long Seed, int Example);

/// <summary>One operation of one example.</summary>
/// <param name="Operands">Numbers of earlier values of the example; the parameters come first.</param>
internal sealed record Step(params int[] Operands)
{
    public Operation Operation { get; init; } = null!;   // set when the step is taken

    public int A { get; init; }

    public int B { get; init; }

    public double Factor { get; init; }

    public Shape Shape { get; init; }

    public double[] Data { get; init; } = [];

    public override string ToString()
    {
        string numbers = (A, B, Factor, Shape) == default ? "" : $" A={A} B={B} factor={Factor:R} shape={Shape}";
        string data = Data.Length == 0 ? "" : $" data=[{string.Join(", ", Data.Select(x => x.ToString("G3")))}]";
        return $"{Operation}({string.Join(", ", Operands.Select(operand => $"v{operand}"))}){numbers}{data}";
    }
}
