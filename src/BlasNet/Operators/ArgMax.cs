using System.Numerics.Tensors;
using BlasNet.Graphs;

namespace BlasNet.Operators;

public static partial class Op
{
    /// <summary>Where the largest element of each column is: its row, from 0; the first of equal ones, or of NaN if there is any.</summary>
    /// <param name="x">[r] or [r × c].</param>
    /// <returns>A scalar, or a row [1 × c]; an index for <see cref="Pick"/> or <see cref="Lookup(Expr, Expr)"/>.</returns>
    /// <remarks>The derivative is 0 everywhere.</remarks>
    public static Expr ArgMax(Expr x) => Expr.Apply(ArgMaxOperator.Instance, x);
}

internal sealed class ArgMaxOperator() : Operator(new())
{
    public static readonly ArgMaxOperator Instance = new();

    public override string Name => "arg-max";

    public override Shape InferShape(ReadOnlySpan<Shape> inputs, long attribute) => new(1, inputs[0].Columns);

    public override bool IsColumnWise(ReadOnlySpan<Shape> inputs, ReadOnlySpan<bool> shared) => true;

    public override unsafe void Forward<T>(in Operands<T> stack)
    {
        Operand<T> x = stack[0], y = stack.Output;
        for (int i = 0; i < y.Vectors; i++)
            y.Data[i] = T.CreateTruncating(TensorPrimitives.IndexOfMax<T>(x.VectorAt(i)));
    }

    public override void Gradient(in GradientContext g) { }
}
