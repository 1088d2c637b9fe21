using System.Globalization;
using BlasNet.Graphs;
using BlasNet.Kernels;

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

internal sealed class ScaleOperator() : ElementwiseOperator(isCostly: false)
{
    public static readonly ScaleOperator Instance = new();

    public override string Name => "scale";

    public override V Apply<V, T>(ReadOnlySpan<V> operands, long attribute) => operands[0] * V.Constant(BitConverter.Int64BitsToDouble(attribute));

    public override unsafe void Forward<T>(in Operands<T> stack)
    {
        Operand<T> x = stack[0], y = stack.Output;
        T factor = T.CreateTruncating(BitConverter.Int64BitsToDouble(stack.Attribute));
        int columns = y.Shape.Columns;
        if (x.Count == y.Count || columns == 1)
        {
            nint step = x.Count == y.Count ? x.Stride : 0;
            Elementwise.Zip<T, MultiplyFunction, Elements, Scalar>(x.Data, step, &factor, 0, y.Data, y.Stride, y.Shape.Rows, y.Vectors);
            return;
        }

        for (int i = 0; i < y.Count; i++)
            Elementwise.Zip<T, MultiplyFunction, Elements, Scalar>(x.Data, x.Stride, &factor, 0, y.At(i), y.Stride, y.Shape.Rows, columns);
    }

    protected override Expr Backward(Expr x, Expr y, Expr dy, long attribute) => Op.Scale(dy, BitConverter.Int64BitsToDouble(attribute));

    public override string Describe(long attribute) => BitConverter.Int64BitsToDouble(attribute).ToString("R", CultureInfo.InvariantCulture);
}
