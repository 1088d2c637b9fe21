using BlasNet.Memory;

namespace BlasNet.Graphs;

internal sealed class ConstantInitializer(double value) : Initializer
{
    internal override void Fill<T>(Span<T> values, Shape shape, RandomStream random) => values.Fill(T.CreateTruncating(value));
}

/// <summary>Independent elements, uniform between bounds that may depend on the shape.</summary>
internal sealed class UniformInitializer(Func<Shape, (double Minimum, double Maximum)> bounds) : Initializer
{
    internal override void Fill<T>(Span<T> values, Shape shape, RandomStream random)
    {
        (double minimum, double maximum) = bounds(shape);

        foreach (ref T value in values)
        {
            double fraction = random.NextUniform();
            value = T.CreateTruncating((1 - fraction) * minimum + fraction * maximum); // maximum − minimum might overflow
        }
    }
}

/// <summary>Independent elements, normal with a deviation that may depend on the shape.</summary>
internal sealed class NormalInitializer(double mean, Func<Shape, double> deviation) : Initializer
{
    internal override void Fill<T>(Span<T> values, Shape shape, RandomStream random)
    {
        double standardDeviation = deviation(shape);

        foreach (ref T value in values)
            value = T.CreateTruncating(mean + standardDeviation * random.NextNormal());
    }
}
