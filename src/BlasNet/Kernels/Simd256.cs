using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace BlasNet.Kernels;

/// <inheritdoc/>
internal readonly unsafe struct Simd256<T>(Vector256<T> value) : ISimd<Simd256<T>, T>, IFirstOf<Simd512<T>, Simd256<T>>, IFirstOf<Simd256<T>, Simd256<T>>
    where T : unmanaged
{
    private readonly Vector256<T> _value = value;

    /// <summary>The first half of the lanes.</summary>
    public Vector128<T> Lower
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => _value.GetLower();
    }

    public static int Count => Vector256<T>.Count;

    public static int Registers => Avx512F.VL.IsSupported ? 32 : 16;

    public static bool IsSupported => Vector256.IsHardwareAccelerated;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Simd256<T> Load(T* source) => new(Vector256.Load(source));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Simd256<T> LoadFirst(T* source, nint count, double fill)
    {
        Simd256<T> rest = Constant(fill);

        if (Avx512F.VL.IsSupported)
        {
            return new(typeof(T) == typeof(float)
                ? Avx512F.VL.MaskLoad(
                    (float*)source, Vector256.LessThan(Vector256<int>.Indices, Vector256.Create((int)count)).AsSingle(), rest._value.AsSingle()).As<float, T>()
                : Avx512F.VL.MaskLoad(
                    (double*)source, Vector256.LessThan(Vector256<long>.Indices, Vector256.Create((long)count)).AsDouble(),
                    rest._value.AsDouble()).As<double, T>());
        }

        Span<T> lanes = stackalloc T[Count];
        rest._value.CopyTo(lanes);
        new ReadOnlySpan<T>(source, (int)count).CopyTo(lanes);
        return new(Vector256.Create<T>(lanes));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void StoreFirst(T* target, nint count)
    {
        if (Avx512F.VL.IsSupported)
        {
            if (typeof(T) == typeof(float))
                Avx512F.VL.MaskStore((float*)target, Vector256.LessThan(Vector256<int>.Indices, Vector256.Create((int)count)).AsSingle(), _value.AsSingle());
            else
                Avx512F.VL.MaskStore((double*)target, Vector256.LessThan(Vector256<long>.Indices, Vector256.Create((long)count)).AsDouble(), _value.AsDouble());

            return;
        }

        Span<T> lanes = stackalloc T[Count];
        _value.CopyTo(lanes);
        lanes[..(int)count].CopyTo(new Span<T>(target, (int)count));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Simd256<T> Broadcast(T* source) => new(Vector256.Create(*source));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Simd256<T> Constant(double value) => new(typeof(T) == typeof(float)
        ? Vector256.Create((float)value).As<float, T>()
        : Vector256.Create(value).As<double, T>());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Store(T* target) => _value.Store(target);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Simd256<T> operator +(Simd256<T> a, Simd256<T> b) => new(a._value + b._value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Simd256<T> operator -(Simd256<T> a, Simd256<T> b) => new(a._value - b._value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Simd256<T> operator *(Simd256<T> a, Simd256<T> b) => new(a._value * b._value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Simd256<T> operator /(Simd256<T> a, Simd256<T> b) => new(a._value / b._value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Simd256<T> MultiplyAdd(Simd256<T> a, Simd256<T> b, Simd256<T> c) => new(typeof(T) == typeof(float)
        ? Vector256.MultiplyAddEstimate(a._value.AsSingle(), b._value.AsSingle(), c._value.AsSingle()).As<float, T>()
        : Vector256.MultiplyAddEstimate(a._value.AsDouble(), b._value.AsDouble(), c._value.AsDouble()).As<double, T>());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Simd256<T> Reciprocal(Simd256<T> x)
    {
        if (typeof(T) == typeof(float) && Avx512F.VL.IsSupported)
        {
            // The estimate is good to 14 bits; one step of Newton's method doubles them.
            Vector256<float> estimate = Avx512F.VL.Reciprocal14(x._value.AsSingle());
            Vector256<float> error = Fma.MultiplyAddNegated(x._value.AsSingle(), estimate, Vector256<float>.One);
            return new(Vector256.MultiplyAddEstimate(estimate, error, estimate).As<float, T>());
        }

        return new(Vector256<T>.One / x._value);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Simd256<T> Sqrt(Simd256<T> x) => new(Vector256.Sqrt(x._value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Simd256<T> Abs(Simd256<T> x) => new(Vector256.Abs(x._value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Simd256<T> CopySign(Simd256<T> size, Simd256<T> sign) => new(Vector256.CopySign(size._value, sign._value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Simd256<T> Min(Simd256<T> a, Simd256<T> b) => new(Vector256.MinNative(a._value, b._value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Simd256<T> Max(Simd256<T> a, Simd256<T> b) => new(Vector256.MaxNative(a._value, b._value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Simd256<T> MinOrNaN(Simd256<T> a, Simd256<T> b) => new(Vector256.Min(a._value, b._value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Simd256<T> MaxOrNaN(Simd256<T> a, Simd256<T> b) => new(Vector256.Max(a._value, b._value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Simd256<T> WhereLess(Simd256<T> a, Simd256<T> b, Simd256<T> yes, Simd256<T> no) =>
        new(Vector256.ConditionalSelect(Vector256.LessThan(a._value, b._value), yes._value, no._value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Simd256<T> WhereLessOrEqual(Simd256<T> a, Simd256<T> b, Simd256<T> yes, Simd256<T> no) =>
        new(Vector256.ConditionalSelect(Vector256.LessThanOrEqual(a._value, b._value), yes._value, no._value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Simd256<T> ToExponent(Simd256<T> x) => new(typeof(T) == typeof(float)
        ? (x._value.AsInt32() << 23).As<int, T>()
        : (x._value.AsInt64() << 52).As<long, T>());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Simd256<T> Scale(Simd256<T> x, Simd256<T> n)
    {
        if (Avx512F.VL.IsSupported)
        {
            return new(typeof(T) == typeof(float)
                ? Avx512F.VL.Scale(x._value.AsSingle(), n._value.AsSingle()).As<float, T>()
                : Avx512F.VL.Scale(x._value.AsDouble(), n._value.AsDouble()).As<double, T>());
        }

        return Power.Scale<Simd256<T>, T>(x, n);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Simd256<T> Exponent(Simd256<T> x, out Simd256<T> significand)
    {
        if (typeof(T) == typeof(float))
        {
            Vector256<int> bits = x._value.AsInt32();
            significand = new(((bits & Vector256.Create(0x007FFFFF)) | Vector256<float>.One.AsInt32()).As<int, T>());
            return new(Vector256.ConvertToSingle((bits >>> 23) - Vector256.Create(127)).As<float, T>());
        }
        else
        {
            Vector256<long> bits = x._value.AsInt64();
            significand = new(((bits & Vector256.Create(0x000FFFFFFFFFFFFF)) | Vector256<double>.One.AsInt64()).As<long, T>());
            return new(Vector256.ConvertToDouble((bits >>> 52) - Vector256.Create(1023L)).As<double, T>());
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public T Sum() => new Simd128<T>(_value.GetLower() + _value.GetUpper()).Sum();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public T Max() => new Simd128<T>(Vector128.Max(_value.GetLower(), _value.GetUpper())).Max();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Simd256<T> First(Simd512<T> wide) => new(wide.Lower);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Simd256<T> First(Simd256<T> wide) => wide;
}
