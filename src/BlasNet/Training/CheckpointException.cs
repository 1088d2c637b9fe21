namespace BlasNet.Training;

/// <summary>A checkpoint cannot be read, or does not belong to what is trained. The message is <c>FOLDER: rule</c>.</summary>
public sealed class CheckpointException : IOException
{
    internal CheckpointException(string folder, string rule, bool isDamage = false, Exception? inner = null)
        : base($"{folder}: {rule}", inner) => (Folder, Rule, IsDamage) = (folder, rule, isDamage);

    /// <summary>The folder, as its user named it.</summary>
    public string Folder { get; }

    /// <summary>What is asked for, and what was found.</summary>
    public string Rule { get; }

    /// <summary>The files are not what was written; an older checkpoint may do. Otherwise none of this folder will.</summary>
    internal bool IsDamage { get; }
}
