using System.Runtime.CompilerServices;
using BlasNet.Graphs;
using BlasNet.Kernels;

namespace BlasNet.Operators;

public static partial class Op
{
    /// <summary>The exponential linear unit: x for positive elements, α·(eˣ − 1) for the others.</summary>
    /// <param name="x">Any shape.</param>
    /// <param name="alpha">α, the same for every example; finite.</param>
    /// <returns>The shape of <paramref name="x"/>.</returns>
    /// <remarks>At 0 the derivative is α: for α = 1 that is the derivative, else the one from the left.
    /// Source: Clevert, Unterthiner, Hochreiter, "Fast and Accurate Deep Network Learning by Exponential Linear Units (ELUs)", ICLR 2016,
    /// arXiv:1511.07289.</remarks>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="alpha"/> is not finite.</exception>
    public static Expr Elu(Expr x, double alpha = 1)
    {
        NumberOperator.RequireFinite(alpha);
        return EluOperator.Instance.Of(x, alpha);
    }
}

internal sealed class EluOperator() : NumberOperator<EluFunction>(isCostly: true)
{
    public static readonly EluOperator Instance = new();

    public override string Name => "elu";

    protected override Expr? Backward(Expr x, Expr y, Expr dy, long attribute) => Op.Multiply(dy, EluSlopeOperator.Instance.Of(x, NumberOf(attribute)));
}

internal readonly struct EluFunction : IZip
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Apply<V, T>(V x, V alpha) where V : struct, ISimd<V, T> where T : unmanaged =>
        V.WhereLess(x, V.Constant(0), alpha * Power.ExpMinusOne<V, T>(x), x);
}

/// <summary>1 for positive elements, α·eˣ for the others: the derivative.</summary>
internal sealed class EluSlopeOperator() : NumberOperator<EluSlopeFunction>(isCostly: true)
{
    public static readonly EluSlopeOperator Instance = new();

    public override string Name => "elu-slope";

    // 0 for positive elements, the function itself for the others.
    protected override Expr? Backward(Expr x, Expr y, Expr dy, long attribute) =>
        Expr.Apply(ReluGradientOperator.Instance, -x, Op.Multiply(dy, y));
}

internal readonly struct EluSlopeFunction : IZip
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Apply<V, T>(V x, V alpha) where V : struct, ISimd<V, T> where T : unmanaged =>
        V.WhereLess(V.Constant(0), x, V.Constant(1), alpha * Power.ExpUpTo<V, T>(x));
}
