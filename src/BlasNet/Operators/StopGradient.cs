using BlasNet.Graphs;
using BlasNet.Kernels;

namespace BlasNet.Operators;

public static partial class Op
{
    /// <summary>The same value, but a constant to differentiation: no gradient flows through it.</summary>
    /// <param name="x">Any shape.</param>
    /// <returns>The value of <paramref name="x"/>. Costs nothing.</returns>
    public static Expr StopGradient(Expr x) => Expr.Apply(StopGradientOperator.Instance, x);
}

internal sealed class StopGradientOperator() : Operator(new() { Storage = Storage.View, IsElementwise = true })
{
    public static readonly StopGradientOperator Instance = new();

    public override string Name => "stop-gradient";

    public override Shape InferShape(ReadOnlySpan<Shape> inputs, long attribute) => inputs[0];

    public override bool IsColumnWise(ReadOnlySpan<Shape> inputs, ReadOnlySpan<bool> shared) => true;

    public override V Apply<V, T>(ReadOnlySpan<V> operands, long attribute) => operands[0];

    // A shared x is copied for each value.
    public override unsafe void Forward<T>(in Operands<T> stack)
    {
        Operand<T> x = stack[0], y = stack.Output;
        var (parts, vectors, stride) = x.Over(y);
        for (int i = 0; i < parts; i++)
            Rows.Copy(x.Data, stride, y.At(i), y.Stride, y.Shape.Rows, vectors);
    }

    public override void Gradient(in GradientContext g) { }
}
