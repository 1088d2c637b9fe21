using BlasNet.Graphs;

namespace BlasNet.Operators;

public static partial class Op
{
    /// <summary>Multiplies each element by a number.</summary>
    /// <param name="x">Any shape.</param>
    /// <param name="factor">The same for every example; part of the graph's structure, not a value that is trained.</param>
    /// <returns>The shape of <paramref name="x"/>.</returns>
    public static Expr Scale(Expr x, double factor) => ScaleOperator.Instance.Of(x, factor);

    /// <summary>The opposite of each element, −x.</summary>
    /// <param name="x">Any shape.</param>
    /// <returns>The shape of <paramref name="x"/>.</returns>
    public static Expr Negate(Expr x) => Scale(x, -1);
}

internal sealed class ScaleOperator : NumberOperator<MultiplyFunction>
{
    public static readonly ScaleOperator Instance = new();

    public override string Name => "scale";

    protected override Expr? Backward(Expr x, Expr y, Expr dy, long attribute) => Of(dy, NumberOf(attribute));
}
