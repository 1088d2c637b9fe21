using System.Globalization;
using System.Numerics;
using System.Runtime.CompilerServices;
using BlasNet.Graphs;
using BlasNet.Kernels;

namespace BlasNet.Operators;

/// <summary>A function of each element and of a number that is the same for all of them. Attribute: the number's bits.</summary>
/// <param name="isCostly">Whether computing a value again costs more than reading it.</param>
internal abstract class NumberOperator(bool isCostly) : ElementwiseOperator(isCostly)
{
    public sealed override string Describe(long attribute) => Text(attribute);

    /// <summary>The function of x and a number.</summary>
    public Expr Of(Expr x, double number) => Expr.Apply(this, x, BitConverter.DoubleToInt64Bits(number));

    /// <summary>Checks a number that a user gives.</summary>
    /// <exception cref="ArgumentOutOfRangeException">It is infinite or NaN.</exception>
    public static void RequireFinite(double number, [CallerArgumentExpression(nameof(number))] string? name = null)
    {
        if (!double.IsFinite(number))
            throw new ArgumentOutOfRangeException(name, number, $"{name} must be finite.");
    }

    /// <summary>The number that an attribute is.</summary>
    public static double NumberOf(long attribute) => BitConverter.Int64BitsToDouble(attribute);

    /// <summary>The same as it is printed.</summary>
    public static string Text(long attribute) => NumberOf(attribute).ToString("R", CultureInfo.InvariantCulture);

    /// <summary>The kernel for a function of the element and the number.</summary>
    protected static unsafe void Zip<T, F>(in Operands<T> stack) where T : unmanaged, IBinaryFloatingPointIeee754<T> where F : struct, IZip
    {
        Operand<T> x = stack[0], y = stack.Output;
        T number = T.CreateTruncating(NumberOf(stack.Attribute));
        var (parts, vectors, stride) = x.Over(y);
        for (int i = 0; i < parts; i++)
            Elementwise.Zip<T, F, Elements, Scalar>(x.Data, stride, &number, 0, y.At(i), y.Stride, y.Shape.Rows, vectors);
    }
}

/// <inheritdoc/>
/// <param name="isCostly">Whether computing a value again costs more than reading it.</param>
/// <typeparam name="F">y = f(x, number).</typeparam>
internal abstract class NumberOperator<F>(bool isCostly = false) : NumberOperator(isCostly) where F : struct, IZip
{
    public sealed override V Apply<V, T>(ReadOnlySpan<V> operands, long attribute) => F.Apply<V, T>(operands[0], V.Constant(NumberOf(attribute)));

    public sealed override void Forward<T>(in Operands<T> stack) => Zip<T, F>(stack);

    public sealed override unsafe GemmFinish<T> Finish<T>(long attribute) => new(&ZipInPlace<T>, attribute);

    private static unsafe void ZipInPlace<T>(T* y, nint stride, nint length, nint rows, long attribute) where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        T number = T.CreateTruncating(NumberOf(attribute));
        Elementwise.ZipInPlace<T, F>(y, stride, &number, length, rows);
    }
}
