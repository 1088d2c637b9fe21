using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace BlasNet.Kernels;

/// <inheritdoc/>
internal readonly unsafe struct Simd512<T>(Vector512<T> value) : ISimd<Simd512<T>, T>, IFirstOf<Simd512<T>, Simd512<T>>
    where T : unmanaged
{
    private readonly Vector512<T> _value = value;

    /// <summary>The first half of the lanes.</summary>
    public Vector256<T> Lower
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => _value.GetLower();
    }

    public static int Count => Vector512<T>.Count;

    public static int Registers => 32;

    public static bool IsSupported => Vector512.IsHardwareAccelerated;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Simd512<T> Load(T* source) => new(Vector512.Load(source));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Simd512<T> LoadFirst(T* source, nint count, double fill)
    {
        Simd512<T> rest = Constant(fill);

        if (Avx512F.IsSupported)
        {
            return new(typeof(T) == typeof(float)
                ? Avx512F.MaskLoad(
                    (float*)source, Vector512.LessThan(Vector512<int>.Indices, Vector512.Create((int)count)).AsSingle(), rest._value.AsSingle()).As<float, T>()
                : Avx512F.MaskLoad(
                    (double*)source, Vector512.LessThan(Vector512<long>.Indices, Vector512.Create((long)count)).AsDouble(),
                    rest._value.AsDouble()).As<double, T>());
        }

        Span<T> lanes = stackalloc T[Count];
        rest._value.CopyTo(lanes);
        new ReadOnlySpan<T>(source, (int)count).CopyTo(lanes);
        return new(Vector512.Create<T>(lanes));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void StoreFirst(T* target, nint count)
    {
        if (Avx512F.IsSupported)
        {
            if (typeof(T) == typeof(float))
                Avx512F.MaskStore((float*)target, Vector512.LessThan(Vector512<int>.Indices, Vector512.Create((int)count)).AsSingle(), _value.AsSingle());
            else
                Avx512F.MaskStore((double*)target, Vector512.LessThan(Vector512<long>.Indices, Vector512.Create((long)count)).AsDouble(), _value.AsDouble());

            return;
        }

        Span<T> lanes = stackalloc T[Count];
        _value.CopyTo(lanes);
        lanes[..(int)count].CopyTo(new Span<T>(target, (int)count));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Simd512<T> Broadcast(T* source) => new(Vector512.Create(*source));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Simd512<T> Constant(double value) => new(typeof(T) == typeof(float)
        ? Vector512.Create((float)value).As<float, T>()
        : Vector512.Create(value).As<double, T>());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Store(T* target) => _value.Store(target);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Simd512<T> operator +(Simd512<T> a, Simd512<T> b) => new(a._value + b._value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Simd512<T> operator -(Simd512<T> a, Simd512<T> b) => new(a._value - b._value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Simd512<T> operator *(Simd512<T> a, Simd512<T> b) => new(a._value * b._value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Simd512<T> operator /(Simd512<T> a, Simd512<T> b) => new(a._value / b._value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Simd512<T> MultiplyAdd(Simd512<T> a, Simd512<T> b, Simd512<T> c) => new(typeof(T) == typeof(float)
        ? Vector512.MultiplyAddEstimate(a._value.AsSingle(), b._value.AsSingle(), c._value.AsSingle()).As<float, T>()
        : Vector512.MultiplyAddEstimate(a._value.AsDouble(), b._value.AsDouble(), c._value.AsDouble()).As<double, T>());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Simd512<T> Reciprocal(Simd512<T> x)
    {
        if (typeof(T) == typeof(float) && Avx512F.IsSupported)
        {
            // The estimate is good to 14 bits; one step of Newton's method doubles them.
            Vector512<float> estimate = Avx512F.Reciprocal14(x._value.AsSingle());
            Vector512<float> error = Avx512F.FusedMultiplyAddNegated(x._value.AsSingle(), estimate, Vector512<float>.One);
            return new(Vector512.MultiplyAddEstimate(estimate, error, estimate).As<float, T>());
        }

        return new(Vector512<T>.One / x._value);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Simd512<T> Sqrt(Simd512<T> x) => new(Vector512.Sqrt(x._value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Simd512<T> Abs(Simd512<T> x) => new(Vector512.Abs(x._value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Simd512<T> CopySign(Simd512<T> size, Simd512<T> sign) => new(Vector512.CopySign(size._value, sign._value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Simd512<T> Min(Simd512<T> a, Simd512<T> b) => new(Vector512.MinNative(a._value, b._value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Simd512<T> Max(Simd512<T> a, Simd512<T> b) => new(Vector512.MaxNative(a._value, b._value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Simd512<T> MinOrNaN(Simd512<T> a, Simd512<T> b) => new(Vector512.Min(a._value, b._value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Simd512<T> MaxOrNaN(Simd512<T> a, Simd512<T> b) => new(Vector512.Max(a._value, b._value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Simd512<T> WhereLess(Simd512<T> a, Simd512<T> b, Simd512<T> yes, Simd512<T> no) =>
        new(Vector512.ConditionalSelect(Vector512.LessThan(a._value, b._value), yes._value, no._value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Simd512<T> WhereLessOrEqual(Simd512<T> a, Simd512<T> b, Simd512<T> yes, Simd512<T> no) =>
        new(Vector512.ConditionalSelect(Vector512.LessThanOrEqual(a._value, b._value), yes._value, no._value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Simd512<T> ToExponent(Simd512<T> x) => new(typeof(T) == typeof(float)
        ? (x._value.AsInt32() << 23).As<int, T>()
        : (x._value.AsInt64() << 52).As<long, T>());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Simd512<T> Scale(Simd512<T> x, Simd512<T> n)
    {
        if (Avx512F.IsSupported)
        {
            return new(typeof(T) == typeof(float)
                ? Avx512F.Scale(x._value.AsSingle(), n._value.AsSingle()).As<float, T>()
                : Avx512F.Scale(x._value.AsDouble(), n._value.AsDouble()).As<double, T>());
        }

        return Power.Scale<Simd512<T>, T>(x, n);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Simd512<T> Exponent(Simd512<T> x, out Simd512<T> significand)
    {
        if (typeof(T) == typeof(float))
        {
            Vector512<int> bits = x._value.AsInt32();
            significand = new(((bits & Vector512.Create(0x007FFFFF)) | Vector512<float>.One.AsInt32()).As<int, T>());
            return new(Vector512.ConvertToSingle((bits >>> 23) - Vector512.Create(127)).As<float, T>());
        }
        else
        {
            Vector512<long> bits = x._value.AsInt64();
            significand = new(((bits & Vector512.Create(0x000FFFFFFFFFFFFF)) | Vector512<double>.One.AsInt64()).As<long, T>());
            return new(Vector512.ConvertToDouble((bits >>> 52) - Vector512.Create(1023L)).As<double, T>());
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public T Sum() => new Simd256<T>(_value.GetLower() + _value.GetUpper()).Sum();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public T Max() => new Simd256<T>(Vector256.Max(_value.GetLower(), _value.GetUpper())).Max();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Simd512<T> First(Simd512<T> wide) => wide;
}
