using System.Runtime.CompilerServices;
using BlasNet.Graphs;
using BlasNet.Kernels;

namespace BlasNet.Operators;

public static partial class Op
{
    /// <summary>The natural logarithm of each element.</summary>
    /// <param name="x">Any shape.</param>
    /// <returns>The shape of <paramref name="x"/>; −∞ for 0 and NaN for negative elements.</returns>
    public static Expr Log(Expr x) => Expr.Apply(LogOperator.Instance, x);
}

internal sealed class LogOperator() : ElementwiseOperator<LogFunction>(isCostly: true)
{
    public static readonly LogOperator Instance = new();

    public override string Name => "log";

    protected override Expr? Backward(Expr x, Expr y, Expr dy, long attribute) => dy / x;
}

internal readonly struct LogFunction : IMap
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Apply<V, T>(V x) where V : struct, ISimd<V, T> where T : unmanaged => Logarithm.Log<V, T>(x);
}
