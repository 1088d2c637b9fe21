using System.Numerics;
using BlasNet.Graphs;
using BlasNet.Kernels;

namespace BlasNet.Operators;

public static partial class Op
{
    /// <summary>Gives each column mean 0 and variance 1: y = (x − μ)/√(σ² + ε), μ and σ² the mean and the variance of the column's own elements.</summary>
    /// <param name="x">[r] or [r × c].</param>
    /// <param name="epsilon">ε: keeps a constant column from a division by 0.</param>
    /// <returns>The shape of <paramref name="x"/>.</returns>
    /// <remarks>With gain and bias it is the layer <c>LayerNormalization</c>.
    /// Source: Ba, Kiros, Hinton, "Layer Normalization", 2016, arXiv:1607.06450, equation 3.</remarks>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="epsilon"/> is not above 0 and finite.</exception>
    public static Expr LayerNorm(Expr x, double epsilon = 1e-5)
    {
        NumberOperator.RequireFinite(epsilon);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(epsilon);
        return Expr.Apply(LayerNormOperator.Instance, x, BitConverter.DoubleToInt64Bits(epsilon));
    }
}

/// <summary>Attribute: ε.</summary>
internal sealed class LayerNormOperator() : Operator(new() { Storage = Storage.InPlace })
{
    public static readonly LayerNormOperator Instance = new();

    public override string Name => "layer-norm";

    public override Shape InferShape(ReadOnlySpan<Shape> inputs, long attribute) => inputs[0];

    public override bool IsColumnWise(ReadOnlySpan<Shape> inputs, ReadOnlySpan<bool> shared) => true;

    public override unsafe void Forward<T>(in Operands<T> stack)
    {
        Operand<T> x = stack[0], y = stack.Output;
        Columns<T>.Widest.Normalize(x.Data, y.Data, y.Shape.Rows, y.Vectors, Epsilon<T>(stack.Attribute));
    }

    public override void Gradient(in GradientContext g) =>
        g.Accumulate(0, Expr.Apply(LayerNormGradientOperator.Instance, g.Input(0), g.OutputGradient, g.Attribute));

    public override string Describe(long attribute) => NumberOperator.Text(attribute);

    internal static T Epsilon<T>(long attribute) where T : unmanaged, IBinaryFloatingPointIeee754<T> =>
        T.CreateTruncating(NumberOperator.NumberOf(attribute));
}

/// <summary>J·dy of each column, J = (I − 11ᵀ/r − y·yᵀ/r)/√(σ² + ε) the derivative of layer normalization by x, which is symmetric.</summary>
internal sealed class LayerNormGradientOperator() : Operator(new() { Storage = Storage.InPlace })
{
    public static readonly LayerNormGradientOperator Instance = new();

    public override string Name => "layer-norm-gradient";

    public override Shape InferShape(ReadOnlySpan<Shape> inputs, long attribute) => inputs[0] == inputs[1] ? inputs[0]
        : throw new ShapeException(this, $"value and gradient must have one shape; {inputs[0]} and {inputs[1]} differ");

    public override bool IsColumnWise(ReadOnlySpan<Shape> inputs, ReadOnlySpan<bool> shared) => inputs[0].IsVector || !shared.Contains(true);

    public override unsafe void Forward<T>(in Operands<T> stack)
    {
        Operand<T> x = stack[0], dy = stack[1], dx = stack.Output;
        int parts = x.Count == dx.Count && dy.Count == dx.Count ? 1 : dx.Count;
        for (int i = 0; i < parts; i++)
        {
            Columns<T>.Widest.NormalizeGradient(
                x.At(i), dy.At(i), dx.At(i), dx.Shape.Rows, dx.Vectors / parts, LayerNormOperator.Epsilon<T>(stack.Attribute));
        }
    }

    // Of uᵀJ·dy: by dy it is J·u. By x, the factor 1/s, s = √(σ² + ε), has the derivative −y/(r·s²), and y has J:
    // −((uᵀJ·dy)·y + (y·dy)·J·u + (y·u)·J·dy)/(r·s).
    public override void Gradient(in GradientContext g)
    {
        Expr x = g.Input(0), u = g.OutputGradient, ju = Expr.Apply(Instance, x, u, g.Attribute);
        if (g.IsNeeded(0))
            g.Accumulate(0, Second(x, g.Input(1), u, ju, g.Output, g.Attribute));

        if (g.IsNeeded(1))
            g.Accumulate(1, ju);
    }

    private static Expr Second(Expr x, Expr dy, Expr u, Expr ju, Expr jdy, long attribute)
    {
        int rows = x.Shape.Rows;
        Expr y = Expr.Apply(LayerNormOperator.Instance, x, attribute), centred = x - Op.Scale(Op.SumRows(x), 1.0 / rows);
        Expr s = Op.Sqrt(Op.Scale(Op.Dot(centred, centred), 1.0 / rows) + NumberOperator.NumberOf(attribute));
        Expr sum = Op.Multiply(Op.Dot(u, jdy), y) + Op.Multiply(Op.Dot(y, dy), ju) + Op.Multiply(Op.Dot(y, u), jdy);
        return Op.Divide(sum, Op.Scale(s, -rows));
    }
}
