using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.Arm;
using System.Runtime.Intrinsics.X86;

namespace BlasNet.Kernels;

/// <inheritdoc/>
internal readonly unsafe struct Simd128<T>(Vector128<T> value) : ISimd<Simd128<T>, T>, IFirstOf<Simd256<T>, Simd128<T>>, IFirstOf<Simd128<T>, Simd128<T>>
    where T : unmanaged
{
    private readonly Vector128<T> _value = value;

    public static int Count => Vector128<T>.Count;

    public static int Registers => Avx512F.VL.IsSupported || AdvSimd.Arm64.IsSupported ? 32 : 16;

    // Also right, if slow, where the runtime emulates it: this width is the last resort.
    public static bool IsSupported => true;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Simd128<T> Load(T* source) => new(Vector128.Load(source));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Simd128<T> LoadFirst(T* source, nint count, double fill)
    {
        Simd128<T> rest = Constant(fill);

        if (Avx512F.VL.IsSupported)
        {
            return new(typeof(T) == typeof(float)
                ? Avx512F.VL.MaskLoad(
                    (float*)source, Vector128.LessThan(Vector128<int>.Indices, Vector128.Create((int)count)).AsSingle(), rest._value.AsSingle()).As<float, T>()
                : Avx512F.VL.MaskLoad(
                    (double*)source, Vector128.LessThan(Vector128<long>.Indices, Vector128.Create((long)count)).AsDouble(),
                    rest._value.AsDouble()).As<double, T>());
        }

        Span<T> lanes = stackalloc T[Count];
        rest._value.CopyTo(lanes);
        new ReadOnlySpan<T>(source, (int)count).CopyTo(lanes);
        return new(Vector128.Create<T>(lanes));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void StoreFirst(T* target, nint count)
    {
        if (Avx512F.VL.IsSupported)
        {
            if (typeof(T) == typeof(float))
                Avx512F.VL.MaskStore((float*)target, Vector128.LessThan(Vector128<int>.Indices, Vector128.Create((int)count)).AsSingle(), _value.AsSingle());
            else
                Avx512F.VL.MaskStore((double*)target, Vector128.LessThan(Vector128<long>.Indices, Vector128.Create((long)count)).AsDouble(), _value.AsDouble());

            return;
        }

        Span<T> lanes = stackalloc T[Count];
        _value.CopyTo(lanes);
        lanes[..(int)count].CopyTo(new Span<T>(target, (int)count));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Simd128<T> Broadcast(T* source) => new(Vector128.Create(*source));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Simd128<T> Constant(double value) => new(typeof(T) == typeof(float)
        ? Vector128.Create((float)value).As<float, T>()
        : Vector128.Create(value).As<double, T>());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Store(T* target) => _value.Store(target);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Simd128<T> operator +(Simd128<T> a, Simd128<T> b) => new(a._value + b._value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Simd128<T> operator -(Simd128<T> a, Simd128<T> b) => new(a._value - b._value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Simd128<T> operator *(Simd128<T> a, Simd128<T> b) => new(a._value * b._value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Simd128<T> operator /(Simd128<T> a, Simd128<T> b) => new(a._value / b._value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Simd128<T> MultiplyAdd(Simd128<T> a, Simd128<T> b, Simd128<T> c) => new(typeof(T) == typeof(float)
        ? Vector128.MultiplyAddEstimate(a._value.AsSingle(), b._value.AsSingle(), c._value.AsSingle()).As<float, T>()
        : Vector128.MultiplyAddEstimate(a._value.AsDouble(), b._value.AsDouble(), c._value.AsDouble()).As<double, T>());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Simd128<T> Reciprocal(Simd128<T> x)
    {
        if (typeof(T) == typeof(float) && Avx512F.VL.IsSupported)
        {
            // The estimate is good to 14 bits; one step of Newton's method doubles them.
            Vector128<float> estimate = Avx512F.VL.Reciprocal14(x._value.AsSingle());
            Vector128<float> error = Fma.MultiplyAddNegated(x._value.AsSingle(), estimate, Vector128<float>.One);
            return new(Vector128.MultiplyAddEstimate(estimate, error, estimate).As<float, T>());
        }

        return new(Vector128<T>.One / x._value);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Simd128<T> Sqrt(Simd128<T> x) => new(Vector128.Sqrt(x._value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Simd128<T> Abs(Simd128<T> x) => new(Vector128.Abs(x._value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Simd128<T> CopySign(Simd128<T> size, Simd128<T> sign) => new(Vector128.CopySign(size._value, sign._value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Simd128<T> Min(Simd128<T> a, Simd128<T> b) => new(Vector128.MinNative(a._value, b._value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Simd128<T> Max(Simd128<T> a, Simd128<T> b) => new(Vector128.MaxNative(a._value, b._value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Simd128<T> MinOrNaN(Simd128<T> a, Simd128<T> b) => new(Vector128.Min(a._value, b._value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Simd128<T> MaxOrNaN(Simd128<T> a, Simd128<T> b) => new(Vector128.Max(a._value, b._value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Simd128<T> WhereLess(Simd128<T> a, Simd128<T> b, Simd128<T> yes, Simd128<T> no) =>
        new(Vector128.ConditionalSelect(Vector128.LessThan(a._value, b._value), yes._value, no._value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Simd128<T> WhereLessOrEqual(Simd128<T> a, Simd128<T> b, Simd128<T> yes, Simd128<T> no) =>
        new(Vector128.ConditionalSelect(Vector128.LessThanOrEqual(a._value, b._value), yes._value, no._value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Simd128<T> ToExponent(Simd128<T> x) => new(typeof(T) == typeof(float)
        ? (x._value.AsInt32() << 23).As<int, T>()
        : (x._value.AsInt64() << 52).As<long, T>());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Simd128<T> Scale(Simd128<T> x, Simd128<T> n)
    {
        if (Avx512F.VL.IsSupported)
        {
            return new(typeof(T) == typeof(float)
                ? Avx512F.VL.Scale(x._value.AsSingle(), n._value.AsSingle()).As<float, T>()
                : Avx512F.VL.Scale(x._value.AsDouble(), n._value.AsDouble()).As<double, T>());
        }

        return Power.Scale<Simd128<T>, T>(x, n);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Simd128<T> Exponent(Simd128<T> x, out Simd128<T> significand)
    {
        if (typeof(T) == typeof(float))
        {
            Vector128<int> bits = x._value.AsInt32();
            significand = new(((bits & Vector128.Create(0x007FFFFF)) | Vector128<float>.One.AsInt32()).As<int, T>());
            return new(Vector128.ConvertToSingle((bits >>> 23) - Vector128.Create(127)).As<float, T>());
        }
        else
        {
            Vector128<long> bits = x._value.AsInt64();
            significand = new(((bits & Vector128.Create(0x000FFFFFFFFFFFFF)) | Vector128<double>.One.AsInt64()).As<long, T>());
            return new(Vector128.ConvertToDouble((bits >>> 52) - Vector128.Create(1023L)).As<double, T>());
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public T Sum() => Vector128.Sum(_value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public T Max()
    {
        Vector128<T> other = typeof(T) == typeof(float)
            ? Vector128.Shuffle(_value.AsSingle(), Vector128.Create(2, 3, 0, 1)).As<float, T>()
            : Vector128.Shuffle(_value.AsDouble(), Vector128.Create(1L, 0L)).As<double, T>();
        Vector128<T> larger = Vector128.Max(_value, other);

        return typeof(T) == typeof(double)
            ? larger[0]
            : Vector128.Max(larger, Vector128.Shuffle(larger.AsSingle(), Vector128.Create(1, 0, 3, 2)).As<float, T>())[0];
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Simd128<T> First(Simd256<T> wide) => new(wide.Lower);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Simd128<T> First(Simd128<T> wide) => wide;
}
