using System.Numerics;
using System.Runtime.CompilerServices;

namespace BlasNet.Graphs;

/// <summary>Gives a parameter its first values.</summary>
/// <remarks>The values depend on the seed, the parameter's name and its shape, and on nothing else: not on the order in which parameters are
/// made, on threads or on the machine. They are drawn in double precision and rounded, so float and double models start alike.
/// A weight [m × k] maps k inputs to m outputs: its fan-in is k, its fan-out m.
/// <para>An initializer of one's own derives from this class and overrides <see cref="Fill"/>.</para></remarks>
/// <example><code>
/// sealed class Identity : Initializer
/// {
///     public override void Fill&lt;T&gt;(Span&lt;T&gt; values, Shape shape, RandomNumbers random)
///     {
///         for (int i = 0; i &lt; values.Length; i++)
///             values[i] = i % shape.Rows == i / shape.Rows ? T.One : T.Zero;
///     }
/// }
/// </code></example>
public abstract class Initializer
{
    /// <summary>All 0: the usual start of a bias.</summary>
    public static Initializer Zeros { get; } = Constant(0);

    /// <summary>Leaves the memory as it is: what a parameter starts with is undefined until its values are set, read from a file, or mapped.</summary>
    public static Initializer None { get; } = Constant(0);

    /// <summary>All <paramref name="value"/>; 1 is the usual bias of an LSTM's forget gate.</summary>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="value"/> is not finite.</exception>
    public static Initializer Constant(double value) => new ConstantInitializer(Finite(value));

    /// <summary>Uniform in (<paramref name="minimum"/>, <paramref name="maximum"/>).</summary>
    /// <exception cref="ArgumentOutOfRangeException">A bound is not finite, or the maximum is below the minimum.</exception>
    public static Initializer Uniform(double minimum, double maximum)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(Finite(maximum), Finite(minimum), nameof(maximum));

        return new UniformInitializer(_ => (minimum, maximum));
    }

    /// <summary>Normal with the given mean and standard deviation.</summary>
    /// <exception cref="ArgumentOutOfRangeException">A number is not finite, or the deviation is negative.</exception>
    public static Initializer Normal(double mean = 0, double standardDeviation = 1)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(Finite(standardDeviation), nameof(standardDeviation));

        return new NormalInitializer(Finite(mean), _ => standardDeviation);
    }

    /// <summary>Uniform with variance gain²·2/(fan-in + fan-out).</summary>
    /// <remarks>Keeps the variance of values and gradients from layer to layer of tanh units. Source: Glorot, Bengio,
    /// "Understanding the difficulty of training deep feedforward neural networks", AISTATS 2010, equation 16.</remarks>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="gain"/> is not positive and finite.</exception>
    public static Initializer GlorotUniform(double gain = 1) => new UniformInitializer(Symmetric(Glorot(gain)));

    /// <summary>Normal with variance gain²·2/(fan-in + fan-out).</summary>
    /// <inheritdoc cref="GlorotUniform" path="/remarks|/exception"/>
    public static Initializer GlorotNormal(double gain = 1) => new NormalInitializer(mean: 0, Glorot(gain));

    /// <summary>Uniform with variance 2/fan-in: keeps the variance of values from layer to layer of ReLU units, half of which are 0.</summary>
    /// <remarks>Source: He, Zhang, Ren, Sun, "Delving deep into rectifiers", ICCV 2015, arXiv:1502.01852, equation 10.</remarks>
    public static Initializer HeUniform { get; } = new UniformInitializer(Symmetric(He));

    /// <summary>Normal with variance 2/fan-in.</summary>
    /// <inheritdoc cref="HeUniform" path="/remarks"/>
    public static Initializer HeNormal { get; } = new NormalInitializer(mean: 0, He);

    /// <summary>Orthonormal columns (rows, if there are more columns than rows) times <paramref name="gain"/>, uniform among all such matrices:
    /// a product of them neither grows nor shrinks a vector. For the recurrent weights of an RNN.</summary>
    /// <remarks>Time O(m·k·min(m, k)). Source: Saxe, McClelland, Ganguli, "Exact solutions to the nonlinear
    /// dynamics of learning in deep linear neural networks", ICLR 2014, arXiv:1312.6120.</remarks>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="gain"/> is not positive and finite.</exception>
    public static Initializer Orthogonal(double gain = 1) => new OrthogonalInitializer(Positive(gain));

    /// <summary>Fills a parameter.</summary>
    /// <param name="values">Its <c>rows·columns</c> elements, column by column.</param>
    /// <param name="shape">Its shape.</param>
    /// <param name="random">The parameter's own stream: of the model's seed and the parameter's name.</param>
    /// <remarks>All elements must be written.</remarks>
    public abstract void Fill<T>(Span<T> values, Shape shape, RandomNumbers random)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>;

    private static Func<Shape, double> Glorot(double gain)
    {
        Positive(gain);

        return shape => gain * Math.Sqrt(2.0 / ((double)shape.Rows + shape.Columns));
    }

    private static double He(Shape shape) => Math.Sqrt(2.0 / shape.Columns);

    /// <summary>The bounds of the uniform distribution around 0 with a given standard deviation: ±√3·σ.</summary>
    private static Func<Shape, (double, double)> Symmetric(Func<Shape, double> deviation) => shape =>
    {
        double bound = Math.Sqrt(3) * deviation(shape);
        return (-bound, bound);
    };

    private static double Finite(double value, [CallerArgumentExpression(nameof(value))] string? name = null) =>
        double.IsFinite(value) ? value : throw new ArgumentOutOfRangeException(name, value, "must be finite");

    private static double Positive(double value, [CallerArgumentExpression(nameof(value))] string? name = null)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(Finite(value, name), name);

        return value;
    }
}
