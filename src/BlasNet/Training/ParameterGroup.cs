using System.Globalization;
using BlasNet.Graphs;

namespace BlasNet.Training;

/// <summary>Parameters that a trainer treats otherwise than the rest: with a learning rate or a weight decay of their own, or not at all.</summary>
/// <example><code>
/// trainer.Groups =
/// [
///     ParameterGroup.Frozen(model.Parameters.Where(p => p.Name.StartsWith("encoder."))),
///     new ParameterGroup(words.Table) { LearningRateFactor = 0.1, WeightDecay = 0 },
/// ];
/// </code></example>
public sealed class ParameterGroup
{
    private readonly Parameter[] _parameters;

    /// <param name="parameters">One or more of one model.</param>
    /// <exception cref="ArgumentException">None, or one of them twice.</exception>
    public ParameterGroup(params IEnumerable<Parameter> parameters)
    {
        ArgumentNullException.ThrowIfNull(parameters);
        _parameters = [.. parameters];
        if (_parameters.Length == 0)
            throw new ArgumentException("A group needs at least one parameter.", nameof(parameters));

        foreach (Parameter parameter in _parameters)
            ArgumentNullException.ThrowIfNull(parameter, nameof(parameters));

        if (_parameters.GroupBy(parameter => parameter).FirstOrDefault(same => same.Count() > 1) is { } twice)
            throw new ArgumentException($"The group has {twice.Key} twice.", nameof(parameters));
    }

    /// <summary>As they were given.</summary>
    public IReadOnlyList<Parameter> Parameters => _parameters;

    /// <summary>What the optimizer's learning rate is multiplied with.</summary>
    /// <exception cref="ArgumentOutOfRangeException">It is negative or not finite.</exception>
    public double LearningRateFactor
    {
        get;
        init => field = Optimizer.RequireAtLeastZero(value, nameof(LearningRateFactor));
    } = 1;

    /// <summary>λ in the place of <see cref="Optimizer.WeightDecay"/>; null, the default, for the optimizer's own.</summary>
    /// <exception cref="ArgumentOutOfRangeException">It is negative or not finite.</exception>
    public double? WeightDecay
    {
        get;
        init => field = value is { } decay ? Optimizer.RequireAtLeastZero(decay, nameof(WeightDecay)) : null;
    }

    /// <summary>Whether they stay as they are: no gradient is computed for them, and no state of the optimizer is kept.</summary>
    public bool IsFrozen { get; init; }

    /// <summary>A group that stays as it is.</summary>
    /// <inheritdoc cref="ParameterGroup(IEnumerable{Parameter})"/>
    public static ParameterGroup Frozen(params IEnumerable<Parameter> parameters) => new(parameters) { IsFrozen = true };

    /// <summary><c>E, W: frozen</c> or <c>E, W: learning rate × 0.1, weight decay 0</c></summary>
    public override string ToString()
    {
        string decay = WeightDecay is { } own ? string.Create(CultureInfo.InvariantCulture, $", weight decay {own}") : "";
        string how = IsFrozen ? "frozen" : string.Create(CultureInfo.InvariantCulture, $"learning rate × {LearningRateFactor}{decay}");
        return $"{string.Join(", ", _parameters.Select(parameter => parameter.Name))}: {how}";
    }
}
