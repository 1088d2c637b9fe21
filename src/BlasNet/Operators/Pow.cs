using System.Runtime.CompilerServices;
using BlasNet.Graphs;
using BlasNet.Kernels;

namespace BlasNet.Operators;

public static partial class Op
{
    /// <summary>Each element to a power, xᵖ.</summary>
    /// <param name="x">Any shape.</param>
    /// <param name="exponent">p, the same for every example; finite.</param>
    /// <returns>The shape of <paramref name="x"/>; NaN for negative elements unless p is an integer.</returns>
    /// <remarks>Special values are those of <see cref="Math.Pow"/>: x⁰ is 1, also of NaN. The derivative p·xᵖ⁻¹ is infinite at 0 for p &lt; 1.</remarks>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="exponent"/> is not finite.</exception>
    public static Expr Pow(Expr x, double exponent)
    {
        NumberOperator.RequireFinite(exponent);
        return PowOperator.Power(x, exponent);
    }
}

internal sealed class PowOperator() : NumberOperator(isCostly: true)
{
    public static readonly PowOperator Instance = new();

    public override string Name => "pow";

    /// <summary>The simplest expression for a power: then the derivatives of a polynomial end in 0, and need no division.</summary>
    public static Expr Power(Expr x, double exponent) => exponent switch
    {
        0 => Op.ExpandTo(x.Shape, x.Graph.OwnConstant(1)),
        1 => x,
        2 => Op.Square(x),
        _ => Instance.Of(x, exponent),
    };

    public override V Apply<V, T>(ReadOnlySpan<V> operands, long attribute)
    {
        V x = operands[0], p = V.Constant(NumberOf(attribute));
        return Math.IEEERemainder(NumberOf(attribute), 2) switch
        {
            0 => EvenPower.Apply<V, T>(x, p),
            1 or -1 => OddPower.Apply<V, T>(x, p),
            _ => RealPower.Apply<V, T>(x, p),
        };
    }

    public override void Forward<T>(in Operands<T> stack)
    {
        switch (Math.IEEERemainder(NumberOf(stack.Attribute), 2))
        {
            case 0:
                Zip<T, EvenPower>(stack);
                break;

            case 1 or -1:
                Zip<T, OddPower>(stack);
                break;

            default:
                Zip<T, RealPower>(stack);
                break;
        }
    }

    protected override Expr? Backward(Expr x, Expr y, Expr dy, long attribute) =>
        Op.Multiply(dy, Op.Scale(Power(x, NumberOf(attribute) - 1), NumberOf(attribute)));
}

internal readonly struct EvenPower : IZip
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Apply<V, T>(V x, V p) where V : struct, ISimd<V, T> where T : unmanaged => Logarithm.Pow<V, T>(V.Abs(x), p);
}

internal readonly struct OddPower : IZip
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Apply<V, T>(V x, V p) where V : struct, ISimd<V, T> where T : unmanaged => V.CopySign(EvenPower.Apply<V, T>(x, p), x);
}

/// <summary>Of an exponent that is no integer.</summary>
internal readonly struct RealPower : IZip
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Apply<V, T>(V x, V p) where V : struct, ISimd<V, T> where T : unmanaged
    {
        V power = EvenPower.Apply<V, T>(x, p);
        V negative = V.WhereLess(V.Constant(double.NegativeInfinity), x, V.Constant(double.NaN), power);
        return V.WhereLess(x, V.Constant(0), negative, power);
    }
}
