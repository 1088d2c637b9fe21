using System.Numerics.Tensors;
using BlasNet.Graphs;
using BlasNet.Training;

namespace BlasNet.Cli.Vectors;

/// <summary>The rows of a matrix nearest to vectors, by the cosine. Exact: all rows are looked at, block by block, each block in one product with all
/// vectors; so memory does not grow with the number of rows.</summary>
internal static class NearestRows
{
    /// <summary>How many vectors are best looked for at once: then the product, not the file, takes the time.</summary>
    public const int Queries = 256;

    private const int BlockRows = 1024;

    /// <param name="matrix">Rows to look at.</param>
    /// <param name="queries">Of as many numbers as a row.</param>
    /// <param name="count">At most so many rows for each.</param>
    /// <param name="options">How products are computed.</param>
    /// <param name="cancellation">Asked before each block.</param>
    /// <returns>For each query its rows, the nearest first; of equally near ones the first.</returns>
    public static (long Row, float Cosine)[][] Find(
        MatrixFile matrix, IReadOnlyList<float[]> queries, int count, ComputeOptions options, CancellationToken cancellation)
    {
        int size = matrix.Columns;
        using var model = new Model();
        Parameter directions = model.Weight("queries", queries.Count, size, Initializer.Zeros);
        model.SetValues(directions, DirectionsOf(queries, size));
        Nearest[] nearest = [.. queries.Select(_ => new Nearest(count))];
        var products = new Evaluator<(long Start, int Rows)>(
            model, (graph, block) => directions * graph.Input(matrix.Rows(block.Start, block.Rows), new Shape(size, block.Rows)), options)
        { ComputeBatch = 1 };
        products.Run(Blocks(matrix.RowCount), (number, cosines) =>
        {
            long start = (long)number * BlockRows;
            for (int row = 0; row * queries.Count < cosines.Length; row++)
            {
                ReadOnlySpan<float> dots = cosines.Slice(row * queries.Count, queries.Count);
                Add(nearest, start + row, TensorPrimitives.Norm(matrix.Rows(start + row, 1)), dots);
            }
        }, cancellation);
        return Array.ConvertAll(nearest, rows => rows.InOrder());
    }

    private static IEnumerable<(long Start, int Rows)> Blocks(long rows)
    {
        for (long start = 0; start < rows; start += BlockRows)
            yield return (start, (int)Math.Min(BlockRows, rows - start));
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

    // Each query of length 1, column by column of the matrix whose rows they are; one of zeros, which has no direction, as NaN.
    private static float[] DirectionsOf(IReadOnlyList<float[]> queries, int size)
    {
        var directions = new float[size * queries.Count];
        for (int query = 0; query < queries.Count; query++)
        {
            float norm = TensorPrimitives.Norm<float>(queries[query]);
            for (int i = 0; i < size; i++)
                directions[i * queries.Count + query] = queries[query][i] / norm;
        }

        return directions;
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
