namespace BlasNet.Graphs;

/// <summary>Where a layer gets its parameters from: a model.</summary>
public interface IParameters
{
    /// <summary>Adds the weight of a layer.</summary>
    /// <param name="name">Unique within the model.</param>
    /// <param name="outputs">m, the length of what it gives.</param>
    /// <param name="inputs">k, the length of what it takes.</param>
    /// <param name="initializer">By default <see cref="Initializer.GlorotUniform"/>.</param>
    /// <returns>[m × k]; <c>W * x</c> is the matrix product.</returns>
    /// <exception cref="ArgumentException">The name is empty or taken, or the size is not above 0 or too large.</exception>
    /// <exception cref="ArithmeticException">The initializer gave a value that is infinite or NaN.</exception>
    Parameter Weight(string name, int outputs, int inputs, Initializer? initializer = null);

    /// <summary>Adds a vector, usually the bias of a layer.</summary>
    /// <param name="name">Unique within the model.</param>
    /// <param name="size">Its length.</param>
    /// <param name="initializer">By default zeros.</param>
    /// <returns>[size].</returns>
    /// <exception cref="ArgumentException">The name is empty or taken, or the size is not above 0 or too large.</exception>
    /// <exception cref="ArithmeticException">The initializer gave a value that is infinite or NaN.</exception>
    Parameter Bias(string name, int size, Initializer? initializer = null);
}
