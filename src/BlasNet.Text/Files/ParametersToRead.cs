using BlasNet.Graphs;

namespace BlasNet.Text.Files;

/// <summary>Parameters whose first values are not drawn, because they are about to be read.</summary>
internal sealed class ParametersToRead(IParameters model) : IParameters
{
    private readonly List<Parameter> _parameters = [];

    /// <summary>Those that were asked for, in order.</summary>
    public IReadOnlyList<Parameter> All => _parameters;

    public Parameter Weight(string name, int outputs, int inputs, Initializer? initializer = null) =>
        Note(model.Weight(name, outputs, inputs, Initializer.None));

    public Parameter Bias(string name, int size, Initializer? initializer = null) => Note(model.Bias(name, size, Initializer.None));

    private Parameter Note(Parameter parameter)
    {
        _parameters.Add(parameter);
        return parameter;
    }
}
