using BlasNet.Cli.CommandLine;
using BlasNet.Cli.Prediction;
using BlasNet.Training;

namespace BlasNet.Cli.Output;

/// <summary>The file of <c>--save</c>.</summary>
internal static class SaveFile
{
    /// <summary>Better before the training than after it.</summary>
    /// <exception cref="CommandException">The file cannot be written.</exception>
    public static void RequireWritable(string? file)
    {
        if (file is null)
            return;

        if (Directory.Exists(file))
            throw new CommandException($"--save {file}: is a directory; a file is expected.");

        if (Path.GetDirectoryName(Path.GetFullPath(file)) is { } directory && !Directory.Exists(directory))
            throw new CommandException($"--save {file}: there is no such directory.");

        Write(() => new AtomicFile(file).Dispose());
    }

    /// <exception cref="CommandException">The file cannot be written.</exception>
    public static void Save(Model model, ModelCard card, string? file)
    {
        if (file is not null)
            Write(() => model.Save(file, card.ToMetadata()));
    }

    // The messages begin with the file's name.
    private static void Write(Action action)
    {
        try
        {
            action();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new CommandException($"--save {e.Message}");
        }
    }
}
