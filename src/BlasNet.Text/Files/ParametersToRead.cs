using BlasNet.Graphs;

namespace BlasNet.Text.Files;

/// <summary>Parameters whose first values are not drawn, because they are about to be read.</summary>
internal sealed class ParametersToRead(IParameters model) : IParameters
{
    public Parameter Weight(string name, int outputs, int inputs, Initializer? initializer = null) =>
        model.Weight(name, outputs, inputs, Initializer.Zeros);

    public Parameter Bias(string name, int size, Initializer? initializer = null) => model.Bias(name, size, Initializer.Zeros);
}
