namespace Acme.Reviews;

/// <summary>
/// What another deployment of the same code would have: a [Queue] on a method. `--moved Method=queue` gives it one as the
/// attribute would, so that one program plays the application before and after a method has moved.
/// </summary>
internal sealed class MovedMethods(string method, string queue) : IJobFilterProvider
{
    public static void Use(string moved)
    {
        var parts = moved.Split('=');
        if (parts.Length != 2) throw new ArgumentException($"--moved Method=queue, not {moved}");
        JobFilterProviders.Providers.Add(new MovedMethods(parts[0], parts[1]));
    }

    public IEnumerable<JobFilter> GetFilters(Job? job) =>
        job?.Method.Name == method ? [new JobFilter(new QueueAttribute(queue), JobFilterScope.Method, null)] : [];
}
