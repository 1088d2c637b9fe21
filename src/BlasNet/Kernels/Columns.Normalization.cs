using System.Runtime.CompilerServices;

namespace BlasNet.Kernels;

/// <content>Normalization of columns.</content>
internal abstract unsafe partial class Columns<T>
{
    /// <summary>y_v ← (x_v − μ)/√(σ² + ε), μ and σ² the mean and the variance of the vector's own elements.</summary>
    /// <param name="x">First vector.</param>
    /// <param name="y">First result.</param>
    /// <param name="length">Elements of a vector; vectors and results follow each other without a gap.</param>
    /// <param name="count">Number of vectors.</param>
    /// <param name="epsilon">ε.</param>
    public abstract void Normalize(T* x, T* y, nint length, nint count, T epsilon);

    /// <summary>dx_v ← (dy − m(dy) − y·m(y·dy))/√(σ² + ε), where y is what <see cref="Normalize"/> gives for x_v, and m a mean.</summary>
    /// <param name="x">First vector.</param>
    /// <param name="dy">First gradient of a result.</param>
    /// <param name="dx">First result.</param>
    /// <param name="length">Elements of a vector; all follow each other without a gap.</param>
    /// <param name="count">Number of vectors.</param>
    /// <param name="epsilon">ε.</param>
    public abstract void NormalizeGradient(T* x, T* dy, T* dx, nint length, nint count, T epsilon);
}

/// <inheritdoc/>
internal sealed unsafe partial class Columns<V, T>
{
    // For deciding on threads, so the order of magnitude is enough.
    private const double NanosecondsToNormalize = 0.2;

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public override void Normalize(T* x, T* y, nint length, nint count, T epsilon) => ComputeThreads.Divide(
        new NormalizeWork { X = x, Y = y, Length = length, Epsilon = epsilon }, count, length * NanosecondsToNormalize);

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public override void NormalizeGradient(T* x, T* dy, T* dx, nint length, nint count, T epsilon) => ComputeThreads.Divide(
        new NormalizeGradientWork { X = x, Gradient = dy, Result = dx, Length = length, Epsilon = epsilon }, count, 2 * length * NanosecondsToNormalize);

    // The mean, and 1/√(σ² + ε). The mean is subtracted before anything is squared: of large numbers that are nearly equal the variance is right too.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static (T Mean, T Scale) Moments(T* x, nint length, T epsilon)
    {
        V sum = V.Constant(0), squares = sum;
        for (nint i = 0; i < length; i += V.Count)
            sum += LoadRest(x, i, length, 0);

        T elements = T.CreateTruncating(length), mean = sum.Sum() / elements;
        V center = V.Broadcast(&mean);
        double fill = double.CreateTruncating(mean);   // so that lanes beyond the last element add nothing
        for (nint i = 0; i < length; i += V.Count)
        {
            V difference = LoadRest(x, i, length, fill) - center;
            squares = V.MultiplyAdd(difference, difference, squares);
        }

        return (mean, T.One / T.Sqrt((squares.Sum() / elements) + epsilon));
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void NormalizeColumn(T* x, T* y, nint length, T epsilon)
    {
        var (mean, factor) = Moments(x, length, epsilon);
        V center = V.Broadcast(&mean), scale = V.Broadcast(&factor);
        for (nint i = 0; i < length; i += V.Count)
            StoreRest((LoadRest(x, i, length, 0) - center) * scale, y, i, length);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void NormalizeGradientColumn(T* x, T* dy, T* dx, nint length, T epsilon)
    {
        var (mean, factor) = Moments(x, length, epsilon);
        V center = V.Broadcast(&mean), scale = V.Broadcast(&factor), sum = V.Constant(0), products = sum;
        for (nint i = 0; i < length; i += V.Count)
        {
            V gradient = LoadRest(dy, i, length, 0);
            sum += gradient;
            products = V.MultiplyAdd(gradient, LoadRest(x, i, length, 0) - center, products);
        }

        // m(dy), and m(y·dy)/√(σ² + ε), the factor of x − μ.
        T elements = T.CreateTruncating(length), level = sum.Sum() / elements, slope = products.Sum() / elements * factor * factor;
        V all = V.Broadcast(&level), tilt = V.Broadcast(&slope);
        for (nint i = 0; i < length; i += V.Count)
            StoreRest((LoadRest(dy, i, length, 0) - all - ((LoadRest(x, i, length, 0) - center) * tilt)) * scale, dx, i, length);
    }

    /// <summary>Writes the lanes that are elements.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void StoreRest(V value, T* y, nint i, nint length)
    {
        if (i <= length - V.Count)
            value.Store(y + i);
        else
            value.StoreFirst(y + i, length - i);
    }

    private struct NormalizeWork : IRangeWork
    {
        public T* X, Y;
        public nint Length;
        public T Epsilon;

        public readonly void Run(nint start, nint end)
        {
            for (nint v = start; v < end; v++)
                NormalizeColumn(X + (v * Length), Y + (v * Length), Length, Epsilon);
        }
    }

    private struct NormalizeGradientWork : IRangeWork
    {
        public T* X, Gradient, Result;
        public nint Length;
        public T Epsilon;

        public readonly void Run(nint start, nint end)
        {
            for (nint v = start; v < end; v++)
                NormalizeGradientColumn(X + (v * Length), Gradient + (v * Length), Result + (v * Length), Length, Epsilon);
        }
    }
}
