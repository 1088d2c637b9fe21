using BlasNet.Cli.CommandLine;
using BlasNet.Training;

namespace BlasNet.Cli.Training;

/// <summary>Makes the model of a network whose sizes its user chose.</summary>
internal static class Network
{
    /// <param name="settings">How it will be trained.</param>
    /// <param name="create">Adds the parameters.</param>
    /// <param name="model">Receives them; to be disposed by the caller.</param>
    /// <exception cref="CommandException">They are too many, or there is no memory for them.</exception>
    public static TNetwork Create<TNetwork>(TrainingSettings settings, Func<Model, TNetwork> create, out Model model)
    {
        model = Model.ForTraining(settings.Optimization.NewOptimizer(steps: 1), settings.Workers, settings.Seed);
        try
        {
            return create(model);
        }
        catch (Exception e) when (e is ArgumentException or OutOfMemoryException)
        {
            model.Dispose();
            throw new CommandException($"The network is too large. {e.Message}");
        }
    }
}
