using System.Runtime.CompilerServices;
using BlasNet.Graphs;
using BlasNet.Kernels;

namespace BlasNet.Operators;

public static partial class Op
{
    /// <summary>The cross-entropy of a probability p = σ(z), given by its logit, with a target: −t·ln p − (1 − t)·ln(1 − p), for each element.</summary>
    /// <param name="logits">z; any shape, of any size and sign.</param>
    /// <param name="targets">t, between 0 and 1; the same shape, or a scalar, or a vector [r] or row [1 × c] taken with every column or row.</param>
    /// <returns>The larger of the two shapes, in nats. The loss of an example is its <see cref="Sum"/> or <see cref="Mean"/>.</returns>
    /// <remarks>Computed as max(z, 0) − t·z + ln(1 + e^−|z|): p is not rounded to 0 or 1.</remarks>
    /// <exception cref="ShapeException">The shapes do not fit.</exception>
    public static Expr BinaryCrossEntropy(Expr logits, Expr targets) => Expr.Apply(BinaryCrossEntropyOperator.Instance, logits, targets);
}

internal sealed class BinaryCrossEntropyOperator : BinaryOperator<BinaryCrossEntropyFunction>
{
    public static readonly BinaryCrossEntropyOperator Instance = new();

    public override string Name => "binary-cross-entropy";

    protected override Expr? Left(Expr z, Expr t, Expr result, Expr gradient) => Op.Multiply(gradient, Op.Sigmoid(z) - t);

    protected override Expr? Right(Expr z, Expr t, Expr result, Expr gradient) => -Op.Multiply(gradient, z);
}

/// <summary>z·((z > 0) − t) + ln(1 + e^−|z|); a factor 0 gives 0 also with an infinite logit.</summary>
internal readonly struct BinaryCrossEntropyFunction : IZip
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Apply<V, T>(V z, V t) where V : struct, ISimd<V, T> where T : unmanaged
    {
        V zero = V.Constant(0);
        V factor = V.WhereLess(zero, z, V.Constant(1), zero) - t;
        return V.WhereLessOrEqual(V.Abs(factor), zero, zero, factor * z) + SoftplusFunction.Excess<V, T>(z);
    }
}
