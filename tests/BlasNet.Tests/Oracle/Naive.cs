namespace BlasNet.Tests.Oracle;

/// <summary>The textbook definitions, element by element: [row, column].</summary>
internal static class Naive
{
    public static Matrix Make(int rows, int columns, Func<int, int, Number> element)
    {
        var elements = new Number[rows * columns];
        for (int i = 0; i < rows; i++)
        {
            for (int j = 0; j < columns; j++)
                elements[j * rows + i] = element(i, j);
        }

        return new Matrix(rows, elements);
    }

    public static Matrix Map(Matrix x, Func<Number, Number> function)
    {
        var elements = new Number[x.Length];
        for (int i = 0; i < elements.Length; i++)
            elements[i] = function(x.Span[i]);

        return new Matrix(x.Rows, elements);
    }

    /// <summary>A single row or column stands for as many as the other operand has.</summary>
    public static Matrix Zip(Matrix a, Matrix b, Func<Number, Number, Number> function) =>
        Make(Math.Max(a.Rows, b.Rows), Math.Max(a.Columns, b.Columns), (i, j) => function(
            a[Math.Min(i, a.Rows - 1), Math.Min(j, a.Columns - 1)],
            b[Math.Min(i, b.Rows - 1), Math.Min(j, b.Columns - 1)]));

    public static Matrix Product(Matrix a, Matrix b) =>
        Make(a.Rows, b.Columns, (i, j) =>
    {
        Number sum = a[i, 0] * b[0, j];
        for (int k = 1; k < a.Columns; k++)
            sum += a[i, k] * b[k, j];

        return sum;
    });

    public static Matrix Transposed(Matrix x) => Make(x.Columns, x.Rows, (i, j) => x[j, i]);

    public static Matrix Scalar(Number x) => Make(1, 1, (_, _) => x);

    /// <summary>A value of given elements, column after column.</summary>
    public static Matrix Shaped(Shape shape, Number[] elements) => new(shape.Rows, elements);

    public static Shape ShapeOf(Matrix x) => new(x.Rows, x.Columns);

    public static double[] Values(Matrix x)
    {
        double[] values = new double[x.Length];
        for (int i = 0; i < values.Length; i++)
            values[i] = x.Span[i].Value;

        return values;
    }

    public static Number Sum(IEnumerable<Number> numbers) => numbers.Aggregate((a, b) => a + b);

    /// <summary>2/√π Σ (−1)ⁿ x²ⁿ⁺¹/(n!(2n + 1)), Maclaurin's series; for |x| &lt; 2.5.</summary>
    public static Number Erf(Number x)
    {
        Number square = x * x, term = x, sum = x;
        for (int n = 1; n < 45; n++)
        {
            term = term * square * (-1.0 / n);
            sum += term * (1.0 / (2 * n + 1));
        }

        return sum * (2 / Math.Sqrt(Math.PI));
    }

    public static Matrix Softmax(Matrix x)
    {
        Matrix powers = Map(x, number => number.Exp());
        Number[] sums = [.. Enumerable.Range(0, x.Columns).Select(j => Sum(powers.Column(j)))];
        return Make(x.Rows, x.Columns, (i, j) => powers[i, j] / sums[j]);
    }

    public static Matrix Beside(Matrix[] parts) => new(parts[0].Rows, [.. parts.SelectMany(part => part.Elements)]);

    /// <summary>The documented mask of dropout: two rounds of "lowbias32" over the element's number and the two halves of the key.</summary>
    public static bool IsDropped(long seed, long example, int draw, int element, double rate)
    {
        ulong bits = SplitMix(unchecked((ulong)seed) + SplitMix((ulong)example + SplitMix((ulong)draw)));
        uint low = (uint)(bits & 0xFFFFFF), high = (uint)(bits >> 40);
        uint hash = Mix(unchecked(Mix((uint)element ^ low) + high));
        return hash < rate * Math.Pow(2, 32);
    }

    private static uint Mix(uint x)
    {
        unchecked
        {
            x = (x ^ (x >> 16)) * 0x7FEB352D;
            x = (x ^ (x >> 15)) * 0x846CA68B;
            return x ^ (x >> 16);
        }
    }

    private static ulong SplitMix(ulong z)
    {
        unchecked
        {
            z += 0x9E3779B97F4A7C15;
            z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
            z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
            return z ^ (z >> 31);
        }
    }
}
