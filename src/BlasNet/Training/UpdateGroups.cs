using BlasNet.Execution;
using BlasNet.Graphs;
using BlasNet.Memory;

namespace BlasNet.Training;

/// <summary>Parameters with one learning rate and decay.</summary>
/// <param name="RateFactor">What the optimizer's learning rate is multiplied with.</param>
/// <param name="WeightDecay">Null for the optimizer's.</param>
/// <param name="Ranges">Theirs, of the flat buffer, in ascending order; null for all of it.</param>
internal sealed record UpdateGroup(double RateFactor, double? WeightDecay, Segment[]? Ranges)
{
    public static UpdateGroup All { get; } = new(1, null, null);
}

/// <summary>How each parameter of a model is trained.</summary>
internal sealed class UpdateGroups
{
    private readonly ParameterGroup?[] _ofParameter;

    /// <param name="model">All its parameters must have been added.</param>
    /// <param name="groups">Parameters in none of them are trained by the optimizer's own settings.</param>
    /// <exception cref="ArgumentException">A parameter is another model's, or in two groups.</exception>
    public UpdateGroups(Model model, IReadOnlyList<ParameterGroup> groups)
    {
        _ofParameter = new ParameterGroup?[model.Parameters.Count];
        foreach (ParameterGroup group in groups)
        {
            ArgumentNullException.ThrowIfNull(group, nameof(groups));
            foreach (Parameter parameter in group.Parameters)
            {
                if (!ReferenceEquals(parameter.Model, model))
                    throw new ArgumentException($"{parameter} belongs to another model.", nameof(groups));

                ref ParameterGroup? place = ref _ofParameter[parameter.Index];
                place = place is null ? group : throw new ArgumentException($"{parameter} is in two groups.", nameof(groups));
            }
        }

        Trained = [.. model.Parameters.Where(parameter => !IsFrozen(parameter))];
        (double, double?)[] settings = [.. Trained.Select(SettingsOf).Distinct()];
        Updates = settings is [] or [(1, null)] ? [UpdateGroup.All]
            : [.. settings.Select(own => new UpdateGroup(own.Item1, own.Item2, RangesOf(Trained.Where(parameter => SettingsOf(parameter) == own))))];
        Text = groups.Count == 0 ? null : string.Join("; ", groups);
    }

    /// <summary>Those that are not frozen, in the model's order.</summary>
    public Parameter[] Trained { get; }

    /// <summary>Those of one rate and decay together.</summary>
    public UpdateGroup[] Updates { get; }

    /// <summary>As checkpoints note them; null without groups.</summary>
    public string? Text { get; }

    public bool IsFrozen(Parameter parameter) => _ofParameter[parameter.Index] is { IsFrozen: true };

    public double RateFactorOf(Parameter parameter) => SettingsOf(parameter).RateFactor;

    private (double RateFactor, double? WeightDecay) SettingsOf(Parameter parameter) =>
        _ofParameter[parameter.Index] is { } group ? (group.LearningRateFactor, group.WeightDecay) : (1, null);

    // With the padding after each, as a gradient's touched ranges have it.
    private static Segment[] RangesOf(IEnumerable<Parameter> parameters)
    {
        List<Segment> ranges = [];
        foreach (Parameter parameter in parameters)
            Segment.Append(ranges, TouchedParameters.WholeOf(parameter));

        return [.. ranges];
    }
}
