using System.Globalization;
using BlasNet.Graphs;
using BlasNet.Kernels;

namespace BlasNet.Training;

/// <summary>The files of one checkpoint.</summary>
internal static class CheckpointFiles
{
    private const string GoesOn = "Training goes on with that";

    public static void Write(string folder, ITrainerState trainer, IReadOnlyDictionary<string, string> notes)
    {
        Model model = trainer.Model;
        model.Save(In(folder, CheckpointFolder.Parameters));
        (SafetensorsEntry Entry, int Buffer, Parameter Parameter)[] tensors = [.. Tensors(trainer, StateOf(trainer))];
        using (var writer = new SafetensorsWriter(In(folder, CheckpointFolder.State), [.. tensors.Select(tensor => tensor.Entry)]))
        {
            foreach ((_, int buffer, Parameter parameter) in tensors)
                trainer.Accumulator.AppendState(writer, buffer, parameter);

            writer.Commit();
        }

        new CheckpointManifest
        {
            Position = trainer.Position,
            Seed = model.Seed,
            Precision = model.Precision,
            Optimizer = trainer.Optimizer.GetType().Name,
            LearningRate = trainer.Optimizer.LearningRate,
            AverageFrom = trainer.Optimizer.AverageFrom,
            State = StateOf(trainer),
            Frozen = [.. model.Parameters.Where(parameter => trainer.Groups.IsFrozen(parameter)).Select(parameter => parameter.Name)],
            Settings = trainer.Settings,
            Rounding = trainer.Rounding,
            PackingUses = model.Parameters.ToDictionary(parameter => parameter.Name, parameter => model.PackingUsesOf(parameter).ToArray()),
            Notes = notes,
            Files = new[] { CheckpointFolder.Parameters, CheckpointFolder.State }.ToDictionary(file => file, file => FileDigest.Of(In(folder, file))),
        }.Write(In(folder, CheckpointFolder.Manifest));
    }

    /// <summary>Puts the trainer where the checkpoint was made.</summary>
    /// <returns>With it, which settings differ.</returns>
    /// <exception cref="CheckpointException">It is damaged, or belongs to something else. Nothing has changed.</exception>
    public static (CheckpointManifest Manifest, IEnumerable<string> Differences) Read(string folder, ITrainerState trainer)
    {
        CheckpointManifest manifest = CheckpointManifest.Read(folder, CheckpointFolder.Manifest);
        Model model = trainer.Model;
        Require(folder, "precision", manifest.Precision, model.Precision);
        Require(folder, "optimizer", manifest.Optimizer, trainer.Optimizer.GetType().Name);
        try
        {
            string parameters = In(folder, CheckpointFolder.Parameters);
            model.RequireMatch(parameters);
            Require(folder, "seed", manifest.Seed, model.Seed);
            Require(folder, "the average over steps from", StepText(manifest.AverageFrom), StepText(trainer.Optimizer.AverageFrom));
            if (manifest.State.Count > 0)
                Require(folder, "the optimizer's state", Names(manifest.State), Names(trainer.Optimizer.BufferNames));

            using var state = new SafetensorsReader(In(folder, CheckpointFolder.State));
            trainer.Accumulator.ReadState(state, manifest.State.Count, [.. TensorsOf(folder, state.Header, trainer, manifest)]);
            model.Load(parameters);
        }
        catch (SafetensorsException e)
        {
            throw new CheckpointException(folder, $"does not fit the model: {e.Rule}", inner: e);
        }

        foreach (Parameter parameter in model.Parameters)
        {
            if (manifest.PackingUses.TryGetValue(parameter.Name, out int[]? uses) && PackingUses.TryFrom(uses, out PackingUses counts))
                model.SetPackingUses(parameter, counts);
        }

        trainer.Position = manifest.Position;
        IEnumerable<string> differences =
        [
            .. Differences(folder, LearningRate(manifest.LearningRate), LearningRate(trainer.Optimizer.LearningRate), GoesOn),
            .. Differences(folder, manifest.Settings, trainer.Settings, GoesOn),
            .. Differences(folder, manifest.Rounding, trainer.Rounding, "Training goes on, but rounds differently"),
        ];
        return (manifest, differences);
    }

    /// <summary>The names of the state's buffers; none before the first step.</summary>
    private static string[] StateOf(ITrainerState trainer) => trainer.Accumulator.StateBuffers == 0 ? [] : [.. trainer.Optimizer.BufferNames];

    private static string Names(IEnumerable<string> names) => string.Join(", ", names);

    /// <summary>The state's tensors: for each of its buffers, one of every parameter that has state in it.</summary>
    private static IEnumerable<(SafetensorsEntry Entry, int Buffer, Parameter Parameter)> Tensors(ITrainerState trainer, IReadOnlyList<string> buffers) =>
        from buffer in Enumerable.Range(0, buffers.Count)
        from parameter in trainer.Model.Parameters
        where trainer.Accumulator.HasState(trainer.Optimizer, buffer, parameter)
        select (SafetensorsEntry.For(NameOf(buffers[buffer], parameter), trainer.Model.Precision, parameter.Shape), buffer, parameter);

    // What was frozen has no state in the file.
    private static IEnumerable<(SafetensorsEntry Entry, int Buffer, Parameter Parameter)> TensorsOf(
        string folder, SafetensorsHeader header, ITrainerState trainer, CheckpointManifest manifest)
    {
        var byName = header.Entries.ToDictionary(entry => entry.Name, StringComparer.Ordinal);
        foreach ((SafetensorsEntry expected, int buffer, Parameter parameter) in Tensors(trainer, manifest.State))
        {
            if (byName.TryGetValue(expected.Name, out SafetensorsEntry? entry) && entry.Fits(parameter.Shape))
                yield return (entry, buffer, parameter);
            else if (entry is not null || !manifest.Frozen.Contains(parameter.Name))
                throw new CheckpointException(folder, $"{CheckpointFolder.State} has no tensor {expected.Name} {parameter.Shape}");
        }
    }

    private static string NameOf(string buffer, Parameter parameter) => $"{buffer}/{parameter.Name}";

    private static Dictionary<string, string> LearningRate(double rate) => new() { ["learning rate"] = rate.ToString(CultureInfo.InvariantCulture) };

    private static IEnumerable<string> Differences(
        string folder, IReadOnlyDictionary<string, string> then, IReadOnlyDictionary<string, string> now, string consequence) =>
        from setting in then
        where now.TryGetValue(setting.Key, out string? value) && value != setting.Value
        select $"{folder}: was made with {setting.Key} {setting.Value}; now it is {now[setting.Key]}. {consequence}";

    private static void Require<T>(string folder, string what, T there, T here)
        where T : notnull
    {
        if (!EqualityComparer<T>.Default.Equals(there, here))
            throw new CheckpointException(folder, $"was made with {what} {there}; here it is {here}");
    }

    private static string StepText(long? step) => step?.ToString(CultureInfo.InvariantCulture) ?? "none";

    private static string In(string folder, string file) => Path.Combine(folder, file);
}
