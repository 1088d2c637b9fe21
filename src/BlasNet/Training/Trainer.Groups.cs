namespace BlasNet.Training;

/// <content>Parameters with settings of their own.</content>
public sealed partial class Trainer<TExample>
{
    private IReadOnlyList<ParameterGroup> _groups = [];
    private UpdateGroups _updateGroups;

    /// <summary>Parameters with a learning rate or a weight decay of their own, and frozen ones; a parameter in none of them is trained by the optimizer's
    /// settings. Empty by default; may be set between steps.</summary>
    /// <remarks>No gradient is computed for a frozen parameter, nor anything that only such a gradient needs; clipping and the noise
    /// scale do not see it, and a regulariser counts it without moving it. Its state is forgotten: thawed, it begins with state 0, as a word does that
    /// no example had before, while the corrections of means count all steps. An average of the parameters counts a frozen one as it stands.</remarks>
    /// <exception cref="ArgumentException">A parameter is another model's, or in two groups.</exception>
    /// <exception cref="InvalidOperationException">The trainer is in use.</exception>
    /// <exception cref="ObjectDisposedException">The model has been disposed.</exception>
    public IReadOnlyList<ParameterGroup> Groups
    {
        get => _groups;
        set
        {
            ArgumentNullException.ThrowIfNull(value);
            _use.Enter();
            try
            {
                using ModelAccess.Scope reading = Model.Access.Read();   // so that nobody frees the gradients
                ParameterGroup[] groups = [.. value];
                _updateGroups = new UpdateGroups(Model, groups);
                (_groups, _haveAgreed) = (groups, false);
                _runners[0].Drop();
                _accumulator.Train(_updateGroups, Optimizer, _runners.Skip(1).Select(runner => runner.Share));
            }
            finally
            {
                _use.Exit();
            }
        }
    }
}
