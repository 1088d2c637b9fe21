using System.Numerics;
using System.Runtime.CompilerServices;

namespace BlasNet.Kernels;

/// <summary>Functions of each column vector of a stack; one result, or one vector, for each.</summary>
/// <remarks>Vector v of an operand starts at v times its stride. A result may lie exactly where an operand lies.</remarks>
internal abstract unsafe partial class Columns<T> where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    /// <summary>The functions by the widest vectors the processor has.</summary>
    public static Columns<T> Widest { get; } =
        Simd512<T>.IsSupported ? new Columns<Simd512<T>, T>()
        : Simd256<T>.IsSupported ? new Columns<Simd256<T>, T>()
        : new Columns<Simd128<T>, T>();

    /// <summary>y[v] ← a_v · b_v.</summary>
    /// <param name="a">First vector.</param>
    /// <param name="aStride">Elements from one vector to the next; 0 for one vector with all of b.</param>
    /// <param name="b">First vector.</param>
    /// <param name="bStride">The same for b.</param>
    /// <param name="y">One number for each vector.</param>
    /// <param name="length">Elements of a vector.</param>
    /// <param name="count">Number of vectors.</param>
    public abstract void Dot(T* a, nint aStride, T* b, nint bStride, T* y, nint length, nint count);

    /// <summary>y[v] ← |a_v − b_v|²; parameters as for <see cref="Dot"/>.</summary>
    public abstract void SquaredDistance(T* a, nint aStride, T* b, nint bStride, T* y, nint length, nint count);

    /// <summary>y_v ← softmax(x_v).</summary>
    /// <param name="x">First vector.</param>
    /// <param name="xStride">Elements from one vector to the next.</param>
    /// <param name="y">First result.</param>
    /// <param name="yStride">The same for y.</param>
    /// <param name="length">Elements of a vector.</param>
    /// <param name="count">Number of vectors.</param>
    /// <remarks>The largest element is subtracted first, so that no power overflows.</remarks>
    public abstract void Softmax(T* x, nint xStride, T* y, nint yStride, nint length, nint count);

    /// <summary>dx_v ← y_v ∘ (dy_v − y_v·dy_v), the gradient with respect to x of y = softmax(x).</summary>
    /// <param name="y">First softmax.</param>
    /// <param name="dy">First gradient of one; may be where the result is.</param>
    /// <param name="dx">First result.</param>
    /// <param name="length">Elements of a vector; all follow each other without a gap.</param>
    /// <param name="count">Number of vectors.</param>
    public abstract void SoftmaxGradient(T* y, T* dy, T* dx, nint length, nint count);

    /// <summary>y_v ← x_v − ln Σ exp(x_v); parameters as for <see cref="Softmax"/>.</summary>
    public abstract void LogSoftmax(T* x, nint xStride, T* y, nint yStride, nint length, nint count);

    /// <summary>y[v] ← ln Σ exp(x_v): nothing overflows.</summary>
    /// <param name="x">First vector.</param>
    /// <param name="xStride">Elements from one vector to the next.</param>
    /// <param name="y">One number for each vector.</param>
    /// <param name="length">Elements of a vector.</param>
    /// <param name="count">Number of vectors.</param>
    public abstract void LogSumExp(T* x, nint xStride, T* y, nint length, nint count);
}

/// <inheritdoc/>
internal sealed unsafe partial class Columns<V, T> : Columns<T> where V : struct, ISimd<V, T> where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    /// <summary>Of a softmax or its gradient; for deciding on threads, so the order of magnitude is enough.</summary>
    private const double NanosecondsPerPower = 0.2;

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public override void Dot(T* a, nint aStride, T* b, nint bStride, T* y, nint length, nint count)
    {
        for (nint v = 0; v < count; v++, a += aStride, b += bStride)
        {
            V first = V.Constant(0), second = V.Constant(0);
            nint i = 0;

            for (; i <= length - 2 * V.Count; i += 2 * V.Count)
            {
                first = V.MultiplyAdd(V.Load(a + i), V.Load(b + i), first);
                second = V.MultiplyAdd(V.Load(a + i + V.Count), V.Load(b + i + V.Count), second);
            }

            for (; i < length; i += V.Count)
                first = V.MultiplyAdd(LoadRest(a, i, length, 0), LoadRest(b, i, length, 0), first);

            y[v] = (first + second).Sum();
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public override void SquaredDistance(T* a, nint aStride, T* b, nint bStride, T* y, nint length, nint count)
    {
        for (nint v = 0; v < count; v++, a += aStride, b += bStride)
        {
            V sum = V.Constant(0);

            for (nint i = 0; i < length; i += V.Count)
            {
                V difference = LoadRest(a, i, length, 0) - LoadRest(b, i, length, 0);
                sum = V.MultiplyAdd(difference, difference, sum);
            }

            y[v] = sum.Sum();
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public override void Softmax(T* x, nint xStride, T* y, nint yStride, nint length, nint count)
    {
        ComputeThreads.Divide(new SoftmaxWork { X = x, XStride = xStride, Y = y, YStride = yStride, Length = length }, count, length * NanosecondsPerPower);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public override void SoftmaxGradient(T* y, T* dy, T* dx, nint length, nint count)
    {
        for (; count > 0; count--, y += length, dy += length, dx += length)
        {
            T product;
            Dot(y, 0, dy, 0, &product, length, 1);
            V mean = V.Broadcast(&product);
            for (nint i = 0; i < length; i += V.Count)
                StoreRest(LoadRest(y, i, length, 0) * (LoadRest(dy, i, length, 0) - mean), dx, i, length);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public override void LogSoftmax(T* x, nint xStride, T* y, nint yStride, nint length, nint count)
    {
        for (; count > 0; count--, x += xStride, y += yStride)
        {
            T logarithm = LogSumExp(x, length, out T largest);
            V top = V.Broadcast(&largest), rest = V.Broadcast(&logarithm);
            nint i = 0;

            for (; i <= length - V.Count; i += V.Count)
                (V.Load(x + i) - top - rest).Store(y + i);

            if (i < length)
                (V.LoadFirst(x + i, length - i, 0) - top - rest).StoreFirst(y + i, length - i);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public override void LogSumExp(T* x, nint xStride, T* y, nint length, nint count)
    {
        for (; count > 0; count--, x += xStride, y++)
        {
            T logarithm = LogSumExp(x, length, out T largest);
            *y = T.IsInfinity(largest) ? largest : largest + logarithm;
        }
    }

    /// <summary>ln Σ exp(x − largest).</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static T LogSumExp(T* x, nint length, out T largest)
    {
        T top = largest = Largest(x, length);
        V offset = V.Broadcast(&top), sum = V.Constant(0);
        nint i = 0;

        for (; i <= length - V.Count; i += V.Count)
            sum += Power.Exp<V, T>(V.Load(x + i) - offset);

        if (i < length)
            sum += Power.Exp<V, T>(V.LoadFirst(x + i, length - i, Below(top)) - offset);

        return T.Log(sum.Sum());
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Softmax(T* x, T* y, nint length, T factor)
    {
        if (length <= 4 * V.Count)
        {
            ShortSoftmax(x, y, length, factor);
            return;
        }

        T top = Largest(x, length);
        V offset = V.Broadcast(&top), sum = V.Constant(0);
        nint i = 0;

        for (; i <= length - V.Count; i += V.Count)
        {
            V power = Power.Exp<V, T>(V.Load(x + i) - offset);
            power.Store(y + i);
            sum += power;
        }

        if (i < length)
        {
            V power = Power.Exp<V, T>(V.LoadFirst(x + i, length - i, Below(top)) - offset);
            power.StoreFirst(y + i, length - i);
            sum += power;
        }

        T scale = factor / sum.Sum();
        Elementwise.ZipRows<V, T, Product, Elements, Scalar>(y, 0, &scale, 0, y, 0, length, 1);
    }

    // Up to four vectors stay in registers; the scores of a sentence's word are so few.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void ShortSoftmax(T* x, T* y, nint length, T factor)
    {
        T top = Largest(x, length);
        double fill = Below(top);
        V offset = V.Broadcast(&top), a = Power.Exp<V, T>(LoadRest(x, 0, length, fill) - offset), b = default, c = default, d = default, sum = a;
        if (length > V.Count)
            sum += b = Power.Exp<V, T>(LoadRest(x, V.Count, length, fill) - offset);
        if (length > 2 * V.Count)
            sum += c = Power.Exp<V, T>(LoadRest(x, 2 * V.Count, length, fill) - offset);
        if (length > 3 * V.Count)
            sum += d = Power.Exp<V, T>(LoadRest(x, 3 * V.Count, length, fill) - offset);

        T share = factor / sum.Sum();
        V scale = V.Broadcast(&share);
        StoreRest(a * scale, y, 0, length);
        if (length > V.Count)
            StoreRest(b * scale, y, V.Count, length);
        if (length > 2 * V.Count)
            StoreRest(c * scale, y, 2 * V.Count, length);
        if (length > 3 * V.Count)
            StoreRest(d * scale, y, 3 * V.Count, length);
    }

    // For the lanes beyond the last element: so far below the largest one that its power is nothing beside 1, also where 80 is lost in rounding. The
    // power of −∞ would be nothing too, but a result below the normal numbers takes the processor a hundred cycles.
    private static double Below(T largest)
    {
        double top = double.CreateTruncating(largest);

        return top - Math.Max(80, Math.Abs(top) * 1e-6);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static T Largest(T* x, nint length)
    {
        V first = V.Constant(double.NegativeInfinity), second = first;
        nint i = 0;

        for (; i <= length - 2 * V.Count; i += 2 * V.Count)
        {
            first = V.Max(first, V.Load(x + i));
            second = V.Max(second, V.Load(x + i + V.Count));
        }

        for (; i < length; i += V.Count)
            first = V.Max(first, LoadRest(x, i, length, double.NegativeInfinity));

        return V.Max(first, second).Max();
    }

    /// <summary>A vector that begins at element i, and whose lanes beyond the last element are <paramref name="fill"/>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static V LoadRest(T* x, nint i, nint length, double fill) =>
        i <= length - V.Count ? V.Load(x + i) : V.LoadFirst(x + i, length - i, fill);

    private struct SoftmaxWork : IRangeWork
    {
        public T* X, Y;
        public nint XStride, YStride, Length;

        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        public readonly void Run(nint start, nint end)
        {
            for (nint v = start; v < end; v++)
                Softmax(X + (v * XStride), Y + (v * YStride), Length, T.One);
        }
    }

    private readonly struct Product : IZip
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static W Apply<W, U>(W a, W b) where W : struct, ISimd<W, U> where U : unmanaged => a * b;
    }
}
