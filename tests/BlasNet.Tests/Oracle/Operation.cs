using System.Globalization;
using BlasNet.Graphs;

namespace BlasNet.Tests.Oracle;

/// <summary>One operation of a random program: how it is written with BlasNet's public functions, and what it means.</summary>
/// <param name="Name">For reports.</param>
/// <param name="Choose">Picks operands among an example's values; null where none fit.</param>
/// <param name="Build">The expressions.</param>
/// <param name="Define">The definition.</param>
internal sealed record Operation(
    string Name, Func<Draft, Step?> Choose, Func<Graph, Expr[], Step, Expr[]> Build, Func<Evaluation, Matrix[], Step, Matrix[]> Define)
{
    /// <summary>An operation of one result.</summary>
    public static Operation Of(
        string name, Func<Draft, Step?> choose, Func<Graph, Expr[], Step, Expr> build, Func<Evaluation, Matrix[], Step, Matrix> define) =>
        new(name, choose, (g, x, s) => [build(g, x, s)], (e, x, s) => [define(e, x, s)]);

    /// <summary>Where the operation is smooth and tame.</summary>
    public Func<Matrix[], Step, bool> Domain { get; init; } = (_, _) => true;

    /// <summary>Its data differs from example to example.</summary>
    public bool HasData { get; init; }

    /// <summary>Adds that data as nodes, which a function's body must not.</summary>
    public bool IsForExamples { get; init; }

    public Func<Step, int> ResultCount { get; init; } = _ => 1;

    public string ToText(Step step, string[] operands)
    {
        string[] numbers = (step.A, step.B) == default ? [] : [Text(step.A), Text(step.B)];
        string[] factor = BitConverter.DoubleToInt64Bits(step.Factor) == 0 ? [] : [Text(step.Factor)];
        string[] shape = step.Shape == default ? [] : [step.Shape.ToString()];
        string[] data = step.Data.Length == 0 ? [] : [$"[{string.Join(", ", step.Data.Select(x => Text(x)))}]"];
        return $"{Name}({string.Join(", ", (string[])[.. operands, .. numbers, .. factor, .. data, .. shape])})";
    }

    public override string ToString() => Name;

    /// <summary>By reference: there is one object for each operation, and steps are asked for theirs all the time.</summary>
    public bool Equals(Operation? other) => ReferenceEquals(this, other);

    public override int GetHashCode() => System.Runtime.CompilerServices.RuntimeHelpers.GetHashCode(this);

    private static string Text(IFormattable value) => value.ToString(value is double ? "R" : null, CultureInfo.InvariantCulture);
}
