using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace BlasNet.Graphs;

/// <summary>The orthogonal factor of the QR factorisation of a matrix of independent normal numbers.</summary>
/// <remarks>R's diagonal must be positive for the factor to be uniform among the orthogonal matrices; Gram–Schmidt makes it so, its diagonal
/// being lengths. Each vector is orthogonalised twice, which is enough for full precision.
/// Sources: Mezzadri, "How to generate random matrices from the classical compact groups", Notices of the AMS 54 (2007);
/// Giraud, Langou, Rozložník, van den Eshof, "Rounding error analysis of the classical Gram–Schmidt process", 2005.</remarks>
internal sealed class OrthogonalInitializer(double gain) : Initializer
{
    public override void Fill<T>(Span<T> values, Shape shape, RandomNumbers random)
    {
        // The shorter side counts the vectors: at most `length` vectors of `length` elements can be orthogonal.
        bool byColumns = shape.Rows >= shape.Columns;
        (int count, int length) = byColumns ? (shape.Columns, shape.Rows) : (shape.Rows, shape.Columns);

        double[] vectors = new double[count * length];

        foreach (ref double element in vectors.AsSpan())
            element = random.NextNormal();

        Orthonormalize(vectors, count, length);

        for (int vector = 0; vector < count; vector++)
        {
            for (int element = 0; element < length; element++)
            {
                int index = byColumns ? vector * length + element : element * count + vector;
                values[index] = T.CreateTruncating(gain * vectors[vector * length + element]);
            }
        }
    }

    /// <summary>Modified Gram–Schmidt over <paramref name="count"/> contiguous vectors, in place.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Orthonormalize(Span<double> vectors, int count, int length)
    {
        for (int current = 0; current < count; current++)
        {
            Span<double> vector = vectors.Slice(current * length, length);

            for (int pass = 0; pass < 2; pass++)
            {
                for (int earlier = 0; earlier < current; earlier++)
                {
                    ReadOnlySpan<double> direction = vectors.Slice(earlier * length, length);
                    AddScaled(vector, -Dot(direction, vector), direction);
                }
            }

            double norm = Math.Sqrt(Dot(vector, vector));

            foreach (ref double element in vector)
                element /= norm;
        }
    }

    /// <summary>Sums in 8 partial sums whatever the machine's vector width, so that rounding is the same everywhere.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static double Dot(ReadOnlySpan<double> x, ReadOnlySpan<double> y)
    {
        ref double startX = ref MemoryMarshal.GetReference(x);
        ref double startY = ref MemoryMarshal.GetReference(y);
        var (low, high) = (Vector256<double>.Zero, Vector256<double>.Zero);
        int i = 0;

        for (; i <= x.Length - 8; i += 8)
        {
            low += Vector256.LoadUnsafe(ref startX, (nuint)i) * Vector256.LoadUnsafe(ref startY, (nuint)i);
            high += Vector256.LoadUnsafe(ref startX, (nuint)i + 4) * Vector256.LoadUnsafe(ref startY, (nuint)i + 4);
        }

        Vector256<double> sums = low + high;
        double sum = sums[0] + sums[1] + (sums[2] + sums[3]);

        for (; i < x.Length; i++)
            sum += x[i] * y[i];

        return sum;
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void AddScaled(Span<double> y, double factor, ReadOnlySpan<double> x)
    {
        ref double startX = ref MemoryMarshal.GetReference(x);
        ref double startY = ref MemoryMarshal.GetReference(y);
        int i = 0;

        for (; i <= y.Length - 4; i += 4)
            (Vector256.LoadUnsafe(ref startY, (nuint)i) + factor * Vector256.LoadUnsafe(ref startX, (nuint)i)).StoreUnsafe(ref startY, (nuint)i);

        for (; i < y.Length; i++)
            y[i] += factor * x[i];
    }
}
