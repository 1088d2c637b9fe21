using System.Numerics.Tensors;
using BlasNet.Kernels;
using BlasNet.Memory;

namespace BlasNet.Cli.Vectors;

/// <summary>The rows of a matrix nearest to vectors, by the cosine. Exact: all rows are looked at, block by block, each block in one product with all
/// vectors; so memory does not grow with the number of rows.</summary>
internal static unsafe class NearestRows
{
    /// <summary>How many vectors are best looked for at once: then the product, not the file, takes the time.</summary>
    public const int Queries = 256;

    private const int BlockRows = 1024;

    /// <param name="matrix">Rows to look at.</param>
    /// <param name="queries">Of as many numbers as a row.</param>
    /// <param name="count">At most so many rows for each.</param>
    /// <param name="cancellation">Asked before each block.</param>
    /// <returns>For each query its rows, the nearest first; of equally near ones the first.</returns>
    public static (long Row, float Cosine)[][] Find(MatrixFile matrix, IReadOnlyList<float[]> queries, int count, CancellationToken cancellation)
    {
        int size = matrix.Columns;
        using NativeBuffer<float> directions = new((long)size * queries.Count), cosines = new((long)BlockRows * queries.Count),
            last = new((long)BlockRows * size);
        using var packed = new PackedWeights<float>();
        Nearest[] nearest = [.. queries.Select(_ => new Nearest(count))];
        SetDirections(directions.Span, queries, size);
        for (long start = 0; start < matrix.Rows; start += BlockRows)
        {
            cancellation.ThrowIfCancellationRequested();
            int rows = (int)Math.Min(BlockRows, matrix.Rows - start);
            float* block = matrix.Pointer(start);
            if (start + rows == matrix.Rows)
            {
                // A kernel may read a vector's width beyond the last row, where no file is mapped.
                new ReadOnlySpan<float>(block, rows * size).CopyTo(last.Span);
                block = last.Pointer;
            }

            Matrix<float> x = new(block, rows, size), y = new(cosines.Pointer, rows, queries.Count);
            Gemm.Multiply(x, new(directions.Pointer, size, queries.Count), y, packed: packed);
            for (int row = 0; row < rows; row++)
                Add(nearest, start + row, TensorPrimitives.Norm(new ReadOnlySpan<float>(x.Row(row), size)), new(y.Row(row), queries.Count));
        }

        return Array.ConvertAll(nearest, rows => rows.InOrder());
    }

    private static void Add(Nearest[] nearest, long row, float norm, ReadOnlySpan<float> dots)
    {
        if (!(norm > 0 && float.IsFinite(norm)))
            return;   // a row of zeros has no direction

        for (int i = 0; i < dots.Length; i++)
        {
            float cosine = dots[i] / norm;
            if (cosine > nearest[i].Least)
                nearest[i].Add(row, cosine);
        }
    }

    // A query of length 1 in each column; one of zeros, which has no direction, as NaN.
    private static void SetDirections(Span<float> directions, IReadOnlyList<float[]> queries, int size)
    {
        for (int query = 0; query < queries.Count; query++)
        {
            float norm = TensorPrimitives.Norm<float>(queries[query]);
            for (int i = 0; i < size; i++)
                directions[i * queries.Count + query] = queries[query][i] / norm;
        }
    }

    /// <summary>The nearest rows so far.</summary>
    private sealed class Nearest(int count)
    {
        private readonly PriorityQueue<(long Row, float Cosine), (float Cosine, long Row)> _rows = new();   // the least near one first

        /// <summary>What a row must be nearer than to be one of them.</summary>
        public float Least { get; private set; } = float.NegativeInfinity;

        public void Add(long row, float cosine)
        {
            if (_rows.Count < count)
                _rows.Enqueue((row, cosine), (cosine, -row));
            else
                _rows.EnqueueDequeue((row, cosine), (cosine, -row));

            if (_rows.Count == count)
                Least = _rows.Peek().Cosine;
        }

        public (long Row, float Cosine)[] InOrder() =>
            [.. _rows.UnorderedItems.Select(item => item.Element).OrderByDescending(item => item.Cosine).ThenBy(item => item.Row)];
    }
}
