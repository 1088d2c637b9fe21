using System.Numerics.Tensors;

namespace BlasNet.Cli.Vectors;

/// <summary>The rows of a matrix nearest to a vector, by the cosine: exact, all rows are looked at.</summary>
internal static class NearestRows
{
    /// <returns>At most <paramref name="count"/> rows, the nearest first; of equally near ones the first.</returns>
    public static (long Row, float Cosine)[] Find(MatrixFile matrix, float[] query, int count, CancellationToken cancellation)
    {
        const int Block = 4096;
        var nearest = new PriorityQueue<(long Row, float Cosine), (float Cosine, long Row)>();   // the least near one first
        for (long row = 0; row < matrix.Rows; row++)
        {
            if (row % Block == 0)
                cancellation.ThrowIfCancellationRequested();

            float cosine = TensorPrimitives.CosineSimilarity(matrix.Row(row), query);
            if (!float.IsFinite(cosine))
                continue;   // a row of zeros has no direction

            if (nearest.Count < count)
                nearest.Enqueue((row, cosine), (cosine, -row));
            else if (cosine > nearest.Peek().Cosine)
                nearest.EnqueueDequeue((row, cosine), (cosine, -row));
        }

        return [.. nearest.UnorderedItems.Select(item => item.Element).OrderByDescending(item => item.Cosine).ThenBy(item => item.Row)];
    }
}
