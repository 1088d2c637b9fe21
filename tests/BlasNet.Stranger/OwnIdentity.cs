using BlasNet.Graphs;

namespace BlasNet.Stranger;

/// <summary>Ones on the diagonal, and elsewhere small numbers.</summary>
public sealed class OwnIdentity(double noise) : Initializer
{
    public override void Fill<T>(Span<T> values, Shape shape, RandomNumbers random)
    {
        for (int i = 0; i < values.Length; i++)
            values[i] = T.CreateTruncating((i % shape.Rows == i / shape.Rows ? 1 : 0) + noise * random.NextNormal());
    }
}
