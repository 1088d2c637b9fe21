using System.Numerics;
using System.Runtime.CompilerServices;

namespace BlasNet.Kernels;

/// <summary>Functions of each column vector of a stack; one result, or one vector, for each.</summary>
/// <remarks>Vector v of an operand starts at v times its stride. A result may lie exactly where an operand lies.</remarks>
internal abstract unsafe class Columns<T> where T : unmanaged, IBinaryFloatingPointIeee754<T>
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

    /// <summary>y_v ← x_v − ln Σ exp(x_v); parameters as for <see cref="Softmax"/>.</summary>
    public abstract void LogSoftmax(T* x, nint xStride, T* y, nint yStride, nint length, nint count);

    /// <summary>ln Σ exp(x − largest): nothing overflows, and nothing small is lost beside something large.</summary>
    public abstract T LogSumExp(T* x, nint length, out T largest);

    /// <summary>y ← softmax(x)·factor for one vector of which an element x_i and its −ln softmax(x)_i are known: one pass over memory.</summary>
    /// <remarks>
    /// softmax(x)_j = exp((x_j − x_i) − loss). The difference of the elements comes first, so that a common offset cancels. The loss is rounded
    /// to its own last place, which is the result's relative error; beyond a loss of 16 everything is computed anew.
    /// </remarks>
    public abstract void SoftmaxFromLoss(T* x, T* y, nint length, T element, T loss, T factor);
}

/// <inheritdoc/>
internal sealed unsafe class Columns<V, T> : Columns<T> where V : struct, ISimd<V, T> where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
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
        for (; count > 0; count--, x += xStride, y += yStride)
            Softmax(x, y, length, T.One);
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
    public override T LogSumExp(T* x, nint length, out T largest)
    {
        T top = largest = Largest(x, length);
        V offset = V.Broadcast(&top), sum = V.Constant(0);
        nint i = 0;

        for (; i <= length - V.Count; i += V.Count)
            sum += Power.Exp<V, T>(V.Load(x + i) - offset);

        if (i < length)
            sum += Power.Exp<V, T>(V.LoadFirst(x + i, length - i, double.NegativeInfinity) - offset);

        return T.Log(sum.Sum());
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public override void SoftmaxFromLoss(T* x, T* y, nint length, T element, T loss, T factor)
    {
        if (!(loss < T.CreateTruncating(16)))
        {
            Softmax(x, y, length, factor);
            return;
        }

        V offset = V.Broadcast(&element), rest = V.Broadcast(&loss), scale = V.Broadcast(&factor);
        nint i = 0;

        for (; i <= length - V.Count; i += V.Count)
            (Power.Exp<V, T>(V.Load(x + i) - offset - rest) * scale).Store(y + i);

        if (i < length)
            (Power.Exp<V, T>(V.LoadFirst(x + i, length - i, 0) - offset - rest) * scale).StoreFirst(y + i, length - i);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Softmax(T* x, T* y, nint length, T factor)
    {
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
            V power = Power.Exp<V, T>(V.LoadFirst(x + i, length - i, double.NegativeInfinity) - offset);
            power.StoreFirst(y + i, length - i);
            sum += power;
        }

        T scale = factor / sum.Sum();
        Elementwise.ZipRows<V, T, Product, Elements, Scalar>(y, 0, &scale, 0, y, 0, length, 1);
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

    private readonly struct Product : IZip
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static W Apply<W, U>(W a, W b) where W : struct, ISimd<W, U> where U : unmanaged => a * b;
    }
}
