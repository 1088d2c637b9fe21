namespace BlasNet.Graphs;

internal sealed class ConstantInitializer(double value) : Initializer
{
    public override void Fill<T>(Span<T> values, Shape shape, RandomNumbers random) => values.Fill(T.CreateTruncating(value));
}

/// <summary>Independent elements, uniform between bounds that may depend on the shape.</summary>
internal sealed class UniformInitializer(Func<Shape, (double Minimum, double Maximum)> bounds) : Initializer
{
    public override void Fill<T>(Span<T> values, Shape shape, RandomNumbers random)
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
    public override void Fill<T>(Span<T> values, Shape shape, RandomNumbers random)
    {
        double standardDeviation = deviation(shape);

        foreach (ref T value in values)
            value = T.CreateTruncating(mean + standardDeviation * random.NextNormal());
    }
}

/// <summary>Several matrices of one shape, one above the other, each as its own initializer fills it.</summary>
internal sealed class StackedInitializer(params Initializer[] parts) : Initializer
{
    public override void Fill<T>(Span<T> values, Shape shape, RandomNumbers random)
    {
        int rows = shape.Rows / parts.Length;
        var block = new T[rows * shape.Columns];
        for (int part = 0; part < parts.Length; part++)
        {
            parts[part].Fill(block.AsSpan(), new Shape(rows, shape.Columns), random);
            for (int column = 0; column < shape.Columns; column++)
                block.AsSpan(column * rows, rows).CopyTo(values[(column * shape.Rows + part * rows)..]);
        }
    }
}
