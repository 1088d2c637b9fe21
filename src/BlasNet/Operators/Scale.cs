using System.Globalization;
using System.Numerics.Tensors;
using BlasNet.Graphs;

namespace BlasNet.Operators;

public static partial class Op
{
    /// <summary>Multiplies each element by a number.</summary>
    /// <param name="x">Any shape.</param>
    /// <param name="factor">The same for every example; part of the graph's structure, not a value that is trained.</param>
    /// <returns>The shape of <paramref name="x"/>.</returns>
    public static Expr Scale(Expr x, double factor) => Expr.Apply(ScaleOperator.Instance, x, BitConverter.DoubleToInt64Bits(factor));

    /// <summary>The opposite of each element, −x.</summary>
    /// <param name="x">Any shape.</param>
    /// <returns>The shape of <paramref name="x"/>.</returns>
    public static Expr Negate(Expr x) => Scale(x, -1);
}

internal sealed class ScaleOperator : ElementwiseOperator
{
    public static readonly ScaleOperator Instance = new();

    public override string Name => "scale";

    protected override void Forward<T>(ReadOnlySpan<T> x, Span<T> y, long attribute) =>
        TensorPrimitives.Multiply(x, T.CreateTruncating(BitConverter.Int64BitsToDouble(attribute)), y);

    protected override Expr Backward(Expr x, Expr y, Expr dy, long attribute) => Op.Scale(dy, BitConverter.Int64BitsToDouble(attribute));

    public override string Describe(long attribute) => BitConverter.Int64BitsToDouble(attribute).ToString("R", CultureInfo.InvariantCulture);
}
